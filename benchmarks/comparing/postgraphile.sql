-- What PostGraphile shows besides columns: functions of a row, as its documentation has them.
CREATE FUNCTION task_word(t task) RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT upper(t.status) $$;
CREATE FUNCTION task_seconds(t task) RETURNS float LANGUAGE sql STABLE
  AS $$ SELECT extract(epoch FROM t.finished_time - t.started_time)::float $$;
CREATE FUNCTION step_word(s step) RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT upper(s.status) $$;
CREATE FUNCTION environment_word(e environment) RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT upper(e.type) $$;
CREATE FUNCTION application_word(a application) RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT upper(a.provider) $$;
CREATE FUNCTION org_team_alias(o org) RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT w.alias FROM org w WHERE w.name = o.name AND w.role = 'OWNER' $$;
CREATE FUNCTION org_team_applications(o org) RETURNS SETOF application LANGUAGE sql STABLE
  AS $$ SELECT a.* FROM org w JOIN application a ON a.owner_org_id = w.id
        WHERE w.name = o.name AND w.role = 'OWNER' ORDER BY a.name, a.id $$;
COMMENT ON COLUMN environment.latest_task_id IS NULL;
COMMENT ON TABLE environment IS
  E'@foreignKey (latest_task_id) references task (id)|@fieldName latestTask';
