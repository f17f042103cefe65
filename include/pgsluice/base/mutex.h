#pragma once

#include <mutex>

// Clang proves at compile time that guarded members are accessed only under their lock
// (-Wthread-safety, an error in the presets that use clang). For other compilers these macros are
// empty. https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#ifdef __clang__
#define PGSLUICE_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define PGSLUICE_THREAD_ATTRIBUTE(x)
#endif

/// The member is read and written only by a thread that holds the mutex.
#define PGSLUICE_GUARDED_BY(mutex) PGSLUICE_THREAD_ATTRIBUTE(guarded_by(mutex))
/// The caller holds the mutex.
#define PGSLUICE_REQUIRES(mutex) PGSLUICE_THREAD_ATTRIBUTE(requires_capability(mutex))

namespace pgsluice::base {

/// A std::mutex with the attributes that clang's analysis needs.
class PGSLUICE_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() PGSLUICE_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() PGSLUICE_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  bool try_lock() PGSLUICE_THREAD_ATTRIBUTE(try_acquire_capability(true)) {
    return mutex_.try_lock();
  }

 private:
  std::mutex mutex_;
};

/// Holds a mutex for a scope. std::condition_variable_any can wait with it; its predicate needs
/// PGSLUICE_REQUIRES.
class PGSLUICE_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) PGSLUICE_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
    held_ = true;
  }
  /// Takes over a mutex that the caller already holds.
  MutexLock(Mutex& mutex, std::adopt_lock_t) PGSLUICE_REQUIRES(mutex)
      : mutex_(mutex), held_(true) {}
  ~MutexLock() PGSLUICE_THREAD_ATTRIBUTE(release_capability()) {
    if (held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() PGSLUICE_THREAD_ATTRIBUTE(acquire_capability()) {
    mutex_.lock();
    held_ = true;
  }
  void unlock() PGSLUICE_THREAD_ATTRIBUTE(release_capability()) {
    held_ = false;
    mutex_.unlock();
  }

 private:
  Mutex& mutex_;
  bool held_ = false;
};

}  // namespace pgsluice::base
