"""A large database, made by few statements: 50,000 tasks with 400,000 steps, journals and logs."""

from datetime import UTC, datetime

TASKS = 50_000
OF_BIG = 30_000  # of the application with the most
WAITING = 1_608  # of all of them
SMALL = 200  # other applications of the same team, with 100 tasks each
STEPS_EACH = 8
EVENTS_EACH = 6
LONG = 5_000  # entries of one task's journal, and half as many pieces of its log
START = datetime(2026, 1, 1, tzinfo=UTC)
STATEMENTS = (
    # Constraints hold by how the rows are made; looking would take as long as making them.
    "SET session_replication_role = replica",
    """INSERT INTO "user" (id, username, created_time)
    SELECT 'u_' || n, 'user' || n, now() FROM generate_series(0, 2000) n""",
    """INSERT INTO org (id, user_id, name, role, secrets, third_part)
    SELECT 'u_' || n || ':acme', 'u_' || n, 'acme', CASE n WHEN 0 THEN 'OWNER' ELSE 'MEMBER' END,
      '{}'::jsonb, '{}'::jsonb FROM generate_series(0, 999) n
    UNION ALL SELECT 'u_' || n || ':team' || n, 'u_' || n, 'team' || n, 'OWNER', '{}', '{}'
    FROM generate_series(0, 2000) n""",
    """INSERT INTO session (id, user_id, token_hash, address, device, created_time,
      last_used_time, expires_time)
    SELECT 's_' || n, 'u_' || n % 2000, 's' || n, '', '', now(), now(), now() + interval '1 year'
    FROM generate_series(0, 9999) n""",
    """INSERT INTO application (id, name, org_id, owner_org_id, environment, provider, repo_owner,
      repo_id, repo_name, repo_url, created_time, updated_time)
    SELECT 'a_' || n, 'app' || n, 'u_0:acme', 'u_0:acme', '{}'::jsonb, 'git', '', n::text, '',
      'https://example.com/a/b', now(), now() FROM generate_series(0, 200) n
    UNION ALL SELECT 'a_o' || n, 'app', 'u_' || n || ':team' || n, 'u_' || n || ':team' || n, '{}',
      'git', '', 'o' || n, '', 'https://example.com/a/b', now(), now()
    FROM generate_series(0, 1999) n""",
    """INSERT INTO environment (id, name, type, trigger_spec, cd_pipeline_yaml, secrets, resource,
      latest_task_id, version, application_id)
    SELECT a.id || ':' || e, e, 'testing', '{}', 'p', '{}', '{}', NULL, 1, a.id
    FROM application a, unnest(ARRAY['live', 'test']) e""",
    # The big application: three waiting and one running in each environment; nothing was ever
    # lost but at the beginning, and only one in a thousand was rolled back. Rows lie in no order:
    # in one, reading by an index seems as cheap as it never is.
    f"""INSERT INTO task (id, env_name, status, trigger_type, trigger_payload, steps, created_time,
      updated_time, started_time, finished_time, exact, received, next_seq, epoch, worker,
      lease_expires_time, cancel_requested, app_id, dispatch_org_id)
    SELECT 't_' || lpad(n::text, 5, '0'), CASE m % 10 WHEN 0 THEN 'live' ELSE 'test' END, status,
      CASE WHEN m % 1000 = 7 THEN 'rollback' WHEN m % 3 = 0 THEN 'manual' ELSE 'github' END, '{{}}',
      '[]', created, created, created, CASE WHEN status IN ('pending', 'running') THEN NULL
      ELSE created + interval '1 minute' END, false, 0, {EVENTS_EACH + 1}, 1,
      CASE status WHEN 'running' THEN 'w' END,
      CASE status WHEN 'running' THEN now() + interval '1 day' END, false, app, 'u_1:acme'
    FROM (SELECT n, m, app, timestamptz '2026-01-01Z' + n * interval '1 minute' AS created,
        CASE WHEN m >= last - 20 AND m % 20 IN (0, 1) THEN 'running'
          WHEN m >= last - 8 THEN 'pending' WHEN m < 30 AND app = 'a_0' THEN 'lost'
          WHEN m % 7 = 0 THEN 'failure' WHEN app <> 'a_0' AND m % 50 = 3 THEN 'cancelled'
          ELSE 'success' END AS status
      FROM (SELECT n, CASE WHEN n < {OF_BIG} THEN n ELSE (n - {OF_BIG}) / {SMALL} END AS m,
          CASE WHEN n < {OF_BIG} THEN {OF_BIG} ELSE {(TASKS - OF_BIG) // SMALL} END AS last,
          'a_' || CASE WHEN n < {OF_BIG} THEN 0 ELSE 1 + (n - {OF_BIG}) % {SMALL} END AS app
        FROM generate_series(0, {TASKS - 1}) n) placed) told ORDER BY md5(n::text)""",
    f"""INSERT INTO step (id, index, name, status, started_time, finished_time, truncated, task_id,
      log_bytes, packed)
    SELECT t.id || ':' || i, i, 'step ' || i, CASE WHEN finished_time IS NULL THEN 'pending'
      ELSE 'success' END, started_time, finished_time, false, t.id, 100, finished_time IS NOT NULL
    FROM task t, generate_series(0, {STEPS_EACH - 1}) i
    WHERE t.status <> 'pending' OR i = 0""",
    f"""INSERT INTO task_event (task_id, seq, kind, time, step_index)
    SELECT t.id, i, CASE WHEN i % 2 = 1 THEN 'output' ELSE 'step' END, t.created_time, i / 2
    FROM task t, generate_series(1, {EVENTS_EACH}) i
    UNION ALL SELECT 't_00100', i, CASE WHEN i % 2 = 1 THEN 'output' ELSE 'step' END, now(), 1
    FROM generate_series({EVENTS_EACH + 1}, {LONG}) i""",
    """INSERT INTO log_chunk (task_id, seq, step_index, first_line, last_line, stream, time, text)
    SELECT task_id, seq, step_index, seq * 2 - 1, seq * 2, 'output', time, 'a line' || E'\\nb\\n'
    FROM task_event WHERE kind = 'output'""",
    """INSERT INTO delivery (id, application_id, delivery_id, event, headers, body, status, attempt,
      verdicts, received_time, finished_time)
    SELECT 'd_' || n, CASE WHEN n < 30 THEN 'a_0' ELSE 'a_' || 1 + n % 20 END, n, 'push', '{}', '',
      'done', 1, '[]', now() - n * interval '2 minutes', now() FROM generate_series(0, 19999) n""",
    """INSERT INTO audit_entry (id, chain, seq, time, actor_id, actor, via, address, device, action,
      target, hash)
    SELECT chain || '#' || lpad(n::text, 10, '0'), chain, n, now(), 'u_0', 'user' || n % 50, 's',
      '', '', CASE WHEN n % 1000 = 1 THEN 'secrets.changed' ELSE 'task.dispatched' END, '', ''
    FROM generate_series(1, 20000) n, unnest(ARRAY['org:acme', 'org:other']) chain""",
    """INSERT INTO commit_status (task_id, told, tries, due_time)
    SELECT id, '', 0, created_time FROM task WHERE app_id <> 'a_0'""",
    """UPDATE environment e SET latest_task_id =
      (SELECT id FROM task t WHERE t.app_id = e.application_id AND t.env_name = e.name
       ORDER BY created_time DESC LIMIT 1) WHERE e.application_id < 'a_o'""",
    "SET session_replication_role = DEFAULT",
)
