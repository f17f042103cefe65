#include <gtest/gtest.h>

#include "sync/live/document_syncer.h"

namespace pgsluice::sync {
namespace {

TEST(ChunkSizer, BeginsSmallBecauseTheFirstRowsMayBeLarge) { EXPECT_EQ(ChunkSizer().next(), 8U); }

TEST(ChunkSizer, AimsAtItsSizeInBytes) {
  ChunkSizer sizer(1000, 8);
  for (int i = 0; i < 20; ++i) sizer.Observe(sizer.next(), sizer.next() * 10);
  EXPECT_GE(sizer.next(), 50U);
  EXPECT_LE(sizer.next(), 100U);
}

TEST(ChunkSizer, RowsThatBecomeLargeMakeChunksSmallAtOnce) {
  ChunkSizer sizer(1U << 20U);
  for (int i = 0; i < 20; ++i) sizer.Observe(sizer.next(), sizer.next() * 100);
  ASSERT_GT(sizer.next(), 100U);
  sizer.Observe(sizer.next(), sizer.next() << 20U);
  EXPECT_LE(sizer.next(), 8U);
}

TEST(ChunkSizer, StaysWithinItsBounds) {
  ChunkSizer sizer(1U << 20U);
  for (int i = 0; i < 40; ++i) sizer.Observe(sizer.next(), 1);
  EXPECT_LE(sizer.next(), ChunkSizer::kMost);
  for (int i = 0; i < 40; ++i) sizer.Observe(sizer.next(), std::size_t{1} << 40U);
  EXPECT_EQ(sizer.next(), 1U);
}

TEST(ChunkSizer, AnEmptyChunkChangesNothing) {
  ChunkSizer sizer;
  sizer.Observe(0, 0);
  EXPECT_GE(sizer.next(), 1U);
}

}  // namespace
}  // namespace pgsluice::sync
