#include "support/joined_fixture.h"

#include <utility>
#include <vector>

namespace pgsluice::testing {

const char* const JoinedTest::kSchema = R"sql(
  CREATE SCHEMA crm;
  CREATE TABLE country (id int PRIMARY KEY, name text);
  CREATE TABLE crm.person (id int PRIMARY KEY, name text, boss_id int REFERENCES crm.person
    DEFERRABLE, country_id int REFERENCES country ON DELETE SET NULL, note text);
  CREATE TABLE project (tenant int, id int, name text, owner_id int REFERENCES crm.person ON DELETE
    SET NULL ON UPDATE CASCADE, reviewer_id int REFERENCES crm.person ON DELETE SET NULL ON UPDATE
    CASCADE, archived boolean NOT NULL DEFAULT false, profile jsonb, secret text,
    PRIMARY KEY (tenant, id));
  CREATE TABLE tag (id int PRIMARY KEY, name text);
  CREATE TABLE project_tag (tenant int, project_id int, tag_id int);
  CREATE TABLE project_team (tenant int, project_id int, team int);
  CREATE TABLE team_skill (team int, skill_id int);
  CREATE TABLE skill (id int PRIMARY KEY, name text);
  CREATE TABLE comment (id int, bucket int, tenant int, project_id int, author_id int, body text,
    stars numeric, deleted boolean NOT NULL DEFAULT false, PRIMARY KEY (id, bucket))
    PARTITION BY LIST (bucket);
  CREATE TABLE comment_0 PARTITION OF comment FOR VALUES IN (0);
  CREATE TABLE comment_1 PARTITION OF comment FOR VALUES IN (1);
  CREATE TABLE reply (id int PRIMARY KEY, comment_id int, body text);
  CREATE VIEW activity AS SELECT tenant, project_id, count(*) AS comments, max(stars) AS best
    FROM comment GROUP BY tenant, project_id;
  CREATE INDEX ON project (owner_id); CREATE INDEX ON project (reviewer_id);
  CREATE INDEX ON project_tag (tenant, project_id); CREATE INDEX ON project_tag (tag_id);
  CREATE INDEX ON project_team (tenant, project_id); CREATE INDEX ON project_team (team);
  CREATE INDEX ON team_skill (team); CREATE INDEX ON team_skill (skill_id);
  CREATE INDEX ON comment (tenant, project_id); CREATE INDEX ON comment (author_id);
  CREATE INDEX ON comment (id); CREATE INDEX ON reply (comment_id);
  CREATE INDEX ON crm.person (boss_id); CREATE INDEX ON crm.person (country_id);
  INSERT INTO country SELECT i, 'country ' || i FROM generate_series(1, 3) i;
  INSERT INTO crm.person SELECT i, 'person ' || i, nullif(i / 2, 0), 1 + i % 3, 'n'
    FROM generate_series(1, 9) i;
  INSERT INTO project SELECT 1 + i % 2, i, 'project ' || i, 1 + i % 9, 1 + i % 4, i % 7 = 0,
    jsonb_build_object('contact', jsonb_build_object('email', 'p' || i || '@x.org')), 's'
    FROM generate_series(1, 20) i;
  INSERT INTO tag SELECT i, 'tag ' || i % 4 FROM generate_series(1, 8) i;
  INSERT INTO project_tag SELECT tenant, id, 1 + (id * k) % 8
    FROM project, generate_series(1, 3) k;
  INSERT INTO project_team SELECT tenant, id, 1 + id % 4 FROM project;
  INSERT INTO team_skill SELECT 1 + i % 4, 1 + i % 5 FROM generate_series(1, 9) i;
  INSERT INTO skill SELECT i, 'skill ' || i FROM generate_series(1, 5) i;
  INSERT INTO comment SELECT i, i % 2, p.tenant, p.id, nullif(i % 10, 0), 'body "' || i, i % 5 + 0.5,
    i % 6 = 0 FROM generate_series(1, 60) i JOIN project p ON p.id = 1 + i % 17;
  INSERT INTO reply SELECT i, 1 + i % 60, 'reply ' || i FROM generate_series(1, 50) i;
)sql";

const char* const JoinedTest::kConfig = R"json({"indexes": {
  "projects": {
    "table": "project", "where": "NOT archived",
    "columns": ["tenant", "id", "name"], "rename": {"name": "title"},
    "fields": {"length": {"sql": "length(root.name)", "type": "integer"},
               "email": {"sql": "root.profile #>> '{contact,email}'", "type": "keyword"}},
    "embed": {
      "owner": {"table": "crm.person", "on": {"owner_id": "id"}, "columns": ["id", "name"],
        "embed": {"boss": {"table": "crm.person", "on": {"boss_id": "id"}, "columns": ["name"],
          "embed": {"country": {"table": "country", "value": "name"}}}}},
      "reviewer": {"table": "crm.person", "on": {"reviewer_id": "id"}, "value": "name"},
      "tags": {"table": "tag", "on": {"tag_id": "id"}, "order_by": "name DESC", "limit": 2,
        "through": [{"table": "project_tag", "on": {"tenant": "tenant", "id": "project_id"}}]},
      "skills": {"table": "skill", "on": {"skill_id": "id"}, "value": "name", "through": [
        {"table": "project_team", "on": {"tenant": "tenant", "id": "project_id"}},
        {"table": "team_skill", "on": {"team": "team"}}]},
      "comments": {"table": "comment", "on": {"tenant": "tenant", "id": "project_id"},
        "where": "NOT deleted", "columns": ["id", "body"], "order_by": "stars DESC NULLS LAST, id",
        "embed": {"author": {"table": "crm.person", "on": {"author_id": "id"}, "columns": ["name"]},
                  "replies": {"table": "reply", "on": {"id": "comment_id"}, "columns": ["body"]}}},
      "comment_count": {"table": "comment", "on": {"tenant": "tenant", "id": "project_id"},
        "where": "NOT deleted", "aggregate": "count"},
      "stars": {"table": "comment", "on": {"tenant": "tenant", "id": "project_id"},
        "aggregate": {"sum": "stars"}},
      "activity": {"table": "activity", "on": {"tenant": "tenant", "id": "project_id"},
        "key": ["tenant", "project_id"], "columns": ["comments", "best"], "sources": [
          {"table": "comment", "on": {"tenant": "tenant", "project_id": "project_id"}}]}
    }},
  "people": {"table": "crm.person", "columns": ["id", "name"], "embed": {
    "boss": {"table": "crm.person", "on": {"boss_id": "id"}, "value": "name"},
    "staff": {"table": "crm.person", "on": {"id": "boss_id"}, "columns": ["id"],
      "embed": {"staff": {"table": "crm.person", "on": {"id": "boss_id"}, "aggregate": "count"}}},
    "country": {"table": "country", "columns": ["name"]}}},
  "activity": {"key": ["tenant", "project_id"], "sources": [
    {"table": "comment", "on": {"tenant": "tenant", "project_id": "project_id"}}]}
}})json";

namespace {

const std::vector<std::pair<const char*, const char*>> kOracles = {{"projects", R"sql(
  SELECT p.tenant || '|' || p.id, json_build_object('tenant', p.tenant, 'id', p.id,
    'title', p.name, 'length', length(p.name), 'email', p.profile -> 'contact' ->> 'email',
    'owner', (SELECT json_build_object('id', o.id, 'name', o.name, 'boss', (
        SELECT json_build_object('name', b.name,
          'country', (SELECT c.name FROM country c WHERE c.id = b.country_id))
        FROM crm.person b WHERE b.id = o.boss_id))
      FROM crm.person o WHERE o.id = p.owner_id),
    'reviewer', (SELECT r.name FROM crm.person r WHERE r.id = p.reviewer_id),
    'tags', (SELECT coalesce(json_agg(x), '[]') FROM (SELECT t.id, t.name
      FROM project_tag l JOIN tag t ON t.id = l.tag_id
      WHERE l.tenant = p.tenant AND l.project_id = p.id ORDER BY t.name DESC, t.id LIMIT 2) x),
    'skills', (SELECT coalesce(json_agg(s.name ORDER BY s.id), '[]')
      FROM project_team l JOIN team_skill m ON m.team = l.team JOIN skill s ON s.id = m.skill_id
      WHERE l.tenant = p.tenant AND l.project_id = p.id),
    'comments', (SELECT coalesce(json_agg(json_build_object('id', c.id, 'body', c.body,
        'author', (SELECT json_build_object('name', a.name) FROM crm.person a
                   WHERE a.id = c.author_id),
        'replies', (SELECT coalesce(json_agg(json_build_object('body', r.body) ORDER BY r.id), '[]')
                    FROM reply r WHERE r.comment_id = c.id))
        ORDER BY c.stars DESC NULLS LAST, c.id, c.bucket), '[]')
      FROM comment c WHERE c.tenant = p.tenant AND c.project_id = p.id AND NOT c.deleted),
    'comment_count', (SELECT count(*) FROM comment c
      WHERE c.tenant = p.tenant AND c.project_id = p.id AND NOT c.deleted),
    'stars', (SELECT sum(stars) FROM comment c WHERE c.tenant = p.tenant AND c.project_id = p.id),
    'activity', (SELECT json_build_object('comments', count(*), 'best', max(c.stars))
      FROM comment c WHERE c.tenant = p.tenant AND c.project_id = p.id HAVING count(*) > 0))
  FROM project p WHERE NOT p.archived)sql"},
                                                                   {"people", R"sql(
  SELECT p.id::text, json_build_object('id', p.id, 'name', p.name,
    'boss', (SELECT b.name FROM crm.person b WHERE b.id = p.boss_id),
    'staff', (SELECT coalesce(json_agg(json_build_object('id', s.id, 'staff',
        (SELECT count(*) FROM crm.person x WHERE x.boss_id = s.id)) ORDER BY s.id), '[]')
      FROM crm.person s WHERE s.boss_id = p.id),
    'country', (SELECT json_build_object('name', c.name) FROM country c WHERE c.id = p.country_id))
  FROM crm.person p)sql"},
                                                                   {"activity", R"sql(
  SELECT tenant || '|' || project_id, json_build_object('tenant', tenant, 'project_id', project_id,
    'comments', count(*), 'best', max(stars)) FROM comment
  WHERE tenant IS NOT NULL AND project_id IS NOT NULL GROUP BY tenant, project_id)sql"}};

}  // namespace

void JoinedTest::Load() { Exec(kSchema); }

void JoinedTest::StartAll() {
  Load();
  ConfigureIndexes(kConfig);
  Start();
  ExpectAll("the first fill");
}

void JoinedTest::ExpectAll(const std::string& after) {
  SCOPED_TRACE("after " + after);
  for (const auto& [index, oracle] : kOracles) ExpectIndex(index, oracle);
}

}  // namespace pgsluice::testing
