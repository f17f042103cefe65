#include "api/rest/shared_work.h"

namespace pgsluice::api {

namespace {

constexpr std::chrono::seconds kFresh{1};
constexpr std::size_t kQuestions = 1000;

}  // namespace

void SharedRefresh::Run(const std::string& name, const std::function<void()>& refresh) {
  base::MutexLock lock(mutex_);
  Rounds& state = rounds_[name];
  const std::uint64_t wanted = state.begun + 1;
  while (state.ended < wanted) {
    if (state.running) {
      changed_.wait(lock);
      continue;
    }
    state.running = true;
    const std::uint64_t number = ++state.begun;
    lock.unlock();
    std::exception_ptr trouble;
    try {
      refresh();
    } catch (...) {
      trouble = std::current_exception();
    }
    lock.lock();
    state.running = false;
    state.ended = number;
    state.trouble = trouble;
    changed_.notify_all();
  }
  if (state.trouble) std::rethrow_exception(state.trouble);
}

SharedAnswers::Answer SharedAnswers::Ask(const std::string& question,
                                         const std::function<Answer()>& ask) {
  std::promise<Answer> promise;
  std::shared_future<Answer> answer;
  bool mine = false;
  {
    const base::MutexLock lock(mutex_);
    const auto now = Clock::now();
    if (entries_.size() > kQuestions) {
      std::erase_if(entries_, [now](const auto& one) { return one.second.asked + kFresh < now; });
    }
    Entry& entry = entries_[question];
    const bool running = entry.answer.valid() && entry.answer.wait_for(std::chrono::seconds(0)) !=
                                                     std::future_status::ready;
    mine = !running && (!entry.answer.valid() || entry.asked + kFresh < now);
    if (mine) entry = {promise.get_future().share(), now};
    answer = entry.answer;
  }
  if (mine) {
    try {
      promise.set_value(ask());
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  }
  return answer.get();
}

}  // namespace pgsluice::api
