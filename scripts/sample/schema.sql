-- A directory of hackathon projects: who builds what, and the hashtags it goes by.
CREATE TABLE users (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE projects (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  slug text NOT NULL UNIQUE,
  description text NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE hashtags (
  id bigint PRIMARY KEY,
  name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL
);

-- Link tables without a key of their own, as found in the wild.
CREATE TABLE project_hashtags (
  hashtag_id bigint NOT NULL REFERENCES hashtags ON DELETE CASCADE,
  project_id bigint NOT NULL REFERENCES projects ON DELETE CASCADE
);
CREATE INDEX ON project_hashtags (project_id);
CREATE INDEX ON project_hashtags (hashtag_id);

CREATE TABLE user_projects (
  project_id bigint NOT NULL REFERENCES projects ON DELETE CASCADE,
  user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE
);
CREATE INDEX ON user_projects (project_id);
CREATE INDEX ON user_projects (user_id);
