#include "pgsluice/pg/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "pgsluice/base/error.h"
#include "pgsluice/pg/pool.h"
#include "pgsluice/pg/sql_error.h"
#include "support/pg_sandbox.h"

namespace pgsluice::pg {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PgSession : public ::testing::Test {
 protected:
  void Kill(Session& victim) {
    const std::string pid(victim.Exec("SELECT pg_backend_pid()").Text(0, 0));
    db_.Exec("SELECT pg_terminate_backend(" + pid + ", 5000)");
  }

  ::pgsluice::testing::PgSandbox db_;
};

template <typename Call>
Error Caught(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error(Disposition::kReject, "nothing was thrown");
}

TEST_F(PgSession, TextsDoNotDependOnSettingsOfTheDatabase) {
  db_.Exec("ALTER DATABASE " + db_.Text("SELECT current_database()") + " SET datestyle = 'German'");
  Session session(db_.options());
  EXPECT_EQ(session.Exec("SELECT timestamptz '2024-05-01 12:00+02'").Text(0, 0),
            "2024-05-01 10:00:00+00");
  EXPECT_EQ(session.Exec("SELECT '\\x00ff'::bytea").Text(0, 0), "\\x00ff");
}

TEST_F(PgSession, PreparedStatementsTakeTextsAndNulls) {
  Session session(db_.options());
  const Statement statement{"echo", "SELECT $1::text, $2::int + 1, $3::text"};
  for (int i = 0; i < 3; ++i) {
    const Result rows = session.Exec(statement, {"it's", "41", std::nullopt});
    EXPECT_EQ(rows.Text(0, 0), "it's");
    EXPECT_EQ(rows.Int(0, 1), 42);
    EXPECT_TRUE(rows.IsNull(0, 2));
  }
}

// The server cuts names of statements after 63 bytes.
TEST_F(PgSession, StatementsWithLongNamesStayApart) {
  Session session(db_.options());
  const std::string name(100, 'x');
  for (int i = 0; i < 20; ++i) {
    const Statement statement{name + std::to_string(i), "SELECT " + std::to_string(i)};
    EXPECT_EQ(session.Exec(statement).Int(0, 0), i);
    EXPECT_EQ(session.Exec(statement).Int(0, 0), i);
  }
}

TEST_F(PgSession, AFailedStatementLeavesTheSessionUsable) {
  Session session(db_.options());
  const Statement statement{"late", "SELECT n FROM public.late"};
  try {
    session.Exec(statement);
    FAIL();
  } catch (const SqlError& error) {
    EXPECT_EQ(error.sqlstate(), "42P01");
  }
  EXPECT_FALSE(session.broken());
  session.Exec("CREATE TABLE public.late (n int); INSERT INTO public.late VALUES (7)");
  EXPECT_EQ(session.Exec(statement).Int(0, 0), 7);
}

TEST_F(PgSession, AStatementThatMaySucceedLaterMayBeRetried) {
  Session other(db_.options());
  other.Begin();
  other.Exec("CREATE TABLE public.t (n int)");
  other.Commit();
  other.Begin();
  other.Exec("LOCK TABLE public.t");
  Session session({.url = db_.url(), .lock_timeout_ms = 1});
  try {
    session.Exec("SELECT FROM public.t");
    FAIL();
  } catch (const SqlError& error) {
    EXPECT_EQ(error.sqlstate(), "55P03");
    EXPECT_EQ(error.disposition(), Disposition::kRetry);
  }
}

TEST_F(PgSession, ATransactionLeftWithoutCommitIsUndone) {
  Session session(db_.options());
  session.Exec("CREATE TABLE public.t (n int)");
  {
    const Transaction transaction(session);
    session.Exec("INSERT INTO public.t VALUES (1)");
  }
  EXPECT_EQ(session.Exec("SELECT count(*) FROM public.t").Int(0, 0), 0);
}

TEST_F(PgSession, ALostConnectionIsReportedAndBreaksTheSession) {
  Session session(db_.options());
  Kill(session);
  const Error error = Caught([&] { session.Exec("SELECT 1"); });
  EXPECT_EQ(error.disposition(), Disposition::kRetry);
  EXPECT_THAT(error.what(), HasSubstr("lost the connection"));
  EXPECT_TRUE(session.broken());
}

TEST_F(PgSession, ConnectErrorsSayWhatAndWhere) {
  const Error database =
      Caught([&] { Session({.url = ::pgsluice::testing::PgSandbox::UrlOf("no_such_database")}); });
  EXPECT_EQ(database.disposition(), Disposition::kFatal);
  EXPECT_THAT(database.what(), HasSubstr("no_such_database"));
  const Error port = Caught([&] { Session({.url = "postgresql://u:secret@127.0.0.1:1/db"}); });
  EXPECT_EQ(port.disposition(), Disposition::kRetry);
  EXPECT_THAT(port.what(), HasSubstr("127.0.0.1:1/db as u"));
  EXPECT_THAT(port.Full(), Not(HasSubstr("secret")));
  const Error url = Caught([&] { Session({.url = "not a url with secret"}); });
  EXPECT_EQ(url.disposition(), Disposition::kFatal);
  EXPECT_THAT(url.Full(), Not(HasSubstr("secret")));
}

TEST_F(PgSession, ListenerHearsNotificationsAlsoThoseBetweenStatements) {
  Listener listener(db_.options(), "news");
  EXPECT_FALSE(listener.Wait(0));
  db_.Exec("NOTIFY news");
  EXPECT_TRUE(listener.Wait(10'000));
  EXPECT_FALSE(listener.Wait(0));
  db_.Exec("NOTIFY news");
  listener.session().Exec("SELECT 1");
  EXPECT_TRUE(listener.Wait(10'000));
}

TEST_F(PgSession, ListenerCanBeInterrupted) {
  Listener listener(db_.options(), "news");
  std::jthread other([&] { listener.Interrupt(); });
  EXPECT_FALSE(listener.Wait(60'000));
}

TEST_F(PgSession, ListenerNoticesALostConnection) {
  Listener listener(db_.options(), "news");
  Kill(listener.session());
  const Error error = Caught([&] { listener.Wait(10'000); });
  EXPECT_EQ(error.disposition(), Disposition::kRetry);
}

TEST_F(PgSession, PoolThrowsBrokenSessionsAway) {
  Pool pool(db_.options(), 1);
  {
    const auto lease = pool.Acquire();
    Kill(*lease);
    Caught([&] { lease->Exec("SELECT 1"); });
  }
  EXPECT_EQ(pool.Acquire()->Exec("SELECT 1").Int(0, 0), 1);
}

}  // namespace
}  // namespace pgsluice::pg
