from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
CREATE TABLE IF NOT EXISTS "audit_chain" (
    "id" VARCHAR(80) NOT NULL PRIMARY KEY,
    "seq" INT NOT NULL,
    "hash" VARCHAR(64) NOT NULL
) /* The end of one chain of audit entries, and the lock of whatever the chain tells of. */;
CREATE TABLE IF NOT EXISTS "audit_entry" (
    "id" VARCHAR(96) NOT NULL PRIMARY KEY,
    "chain" VARCHAR(80) NOT NULL,
    "seq" INT NOT NULL,
    "time" TIMESTAMP NOT NULL,
    "actor_id" VARCHAR(64),
    "actor" VARCHAR(64) NOT NULL,
    "via" VARCHAR(64) NOT NULL,
    "address" VARCHAR(64) NOT NULL,
    "device" VARCHAR(200) NOT NULL,
    "action" VARCHAR(64) NOT NULL,
    "target" VARCHAR(320) NOT NULL,
    "before" JSON,
    "after" JSON,
    "hash" VARCHAR(64) NOT NULL,
    CONSTRAINT "uid_audit_entry_chain_430d88" UNIQUE ("chain", "seq")
) /* What somebody did; its hash covers the entry and the hash of the one before. */;
CREATE TRIGGER IF NOT EXISTS "audit_entry_no_update" BEFORE UPDATE ON "audit_entry"
BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END;
CREATE TRIGGER IF NOT EXISTS "audit_entry_no_delete" BEFORE DELETE ON "audit_entry"
BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END;
CREATE TRIGGER IF NOT EXISTS "audit_entry_no_replace" BEFORE INSERT ON "audit_entry"
WHEN EXISTS (SELECT 1 FROM "audit_entry" WHERE "id" = NEW."id" OR "chain" = NEW."chain" AND "seq" = NEW."seq")
BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END;
CREATE TABLE IF NOT EXISTS "throttle" (
    "key" VARCHAR(64) NOT NULL PRIMARY KEY,
    "count" INT NOT NULL,
    "expires_time" TIMESTAMP NOT NULL
) /* How often something was tried since its window began; the key tells nobody what. */;
CREATE INDEX IF NOT EXISTS "idx_throttle_expires_7cc6a6" ON "throttle" ("expires_time");
CREATE TABLE IF NOT EXISTS "user" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "username" VARCHAR(64) NOT NULL UNIQUE,
    "email" VARCHAR(254) UNIQUE,
    "avatar" TEXT,
    "password" TEXT,
    "github_unionid" VARCHAR(64) UNIQUE,
    "gitee_unionid" VARCHAR(64) UNIQUE,
    "created_time" TIMESTAMP NOT NULL
) /* A person who signs in. E-mail addresses are kept in small letters. */;
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_user_username" ON "user" (lower("username"));
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_user_email" ON "user" (lower("email"));
CREATE TABLE IF NOT EXISTS "api_token" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "scopes" JSON NOT NULL,
    "org_name" VARCHAR(64),
    "application_id" VARCHAR(64),
    "env_name" VARCHAR(64),
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "prefix" VARCHAR(16) NOT NULL,
    "created_time" TIMESTAMP NOT NULL,
    "last_used_time" TIMESTAMP,
    "expires_time" TIMESTAMP,
    "user_id" VARCHAR(64) NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_api_token_user_id_eec1af" UNIQUE ("user_id", "name")
) /* A user's token for a machine; only its hash is kept, and its beginning to know it by. */;
CREATE TABLE IF NOT EXISTS "invitation" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "org_name" VARCHAR(64) NOT NULL,
    "role" VARCHAR(16) NOT NULL,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "invited_by_id" VARCHAR(64) NOT NULL,
    "created_time" TIMESTAMP NOT NULL,
    "expires_time" TIMESTAMP NOT NULL,
    "user_id" VARCHAR(64) REFERENCES "user" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_invitation_org_nam_14ab16" UNIQUE ("org_name", "user_id")
) /* A place in a team that somebody may take; only the hash of its link's token is kept. */;
CREATE TABLE IF NOT EXISTS "org" (
    "id" VARCHAR(160) NOT NULL PRIMARY KEY,
    "third_part" JSON,
    "secrets" JSON,
    "name" VARCHAR(64) NOT NULL,
    "role" VARCHAR(16) NOT NULL,
    "description" TEXT,
    "alias" TEXT,
    "logo" TEXT,
    "user_id" VARCHAR(64) NOT NULL REFERENCES "user" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_org_user_id_e7542d" UNIQUE ("user_id", "name")
) /* One user's row in one team. Team-wide values stand on the OWNER's row. */;
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_org_owner" ON "org" ("name") WHERE role = 'OWNER';
CREATE TABLE IF NOT EXISTS "application" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "org_id" VARCHAR(160) NOT NULL,
    "description" TEXT,
    "environment" JSON NOT NULL,
    "provider" VARCHAR(16) NOT NULL,
    "repo_owner" VARCHAR(255) NOT NULL,
    "repo_id" VARCHAR(255) NOT NULL,
    "repo_name" VARCHAR(255) NOT NULL,
    "repo_url" TEXT NOT NULL,
    "repo_webhook_secret" TEXT,
    "transfer_org_name" VARCHAR(64),
    "created_time" TIMESTAMP NOT NULL,
    "updated_time" TIMESTAMP NOT NULL,
    "owner_org_id" VARCHAR(160) NOT NULL REFERENCES "org" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_application_owner_o_72b622" UNIQUE ("owner_org_id", "name"),
    CONSTRAINT "uid_application_provide_101220" UNIQUE ("provider", "repo_id")
) /* A repository that a team deploys. */;
CREATE TABLE IF NOT EXISTS "environment" (
    "id" VARCHAR(160) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "type" VARCHAR(16) NOT NULL,
    "trigger_spec" JSON NOT NULL,
    "cd_pipeline_yaml" VARCHAR(1024) NOT NULL,
    "secrets" JSON NOT NULL,
    "resource" JSON NOT NULL,
    "latest_task_id" VARCHAR(128),
    "version" INT NOT NULL,
    "application_id" VARCHAR(64) NOT NULL REFERENCES "application" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_environment_applica_37d4ae" UNIQUE ("application_id", "name")
) /* Where an application is deployed to, and what starts a deploy there. */;
CREATE TABLE IF NOT EXISTS "session" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "address" VARCHAR(64) NOT NULL,
    "device" VARCHAR(200) NOT NULL,
    "created_time" TIMESTAMP NOT NULL,
    "last_used_time" TIMESTAMP NOT NULL,
    "expires_time" TIMESTAMP NOT NULL,
    "user_id" VARCHAR(64) NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE
) /* A signed-in user on one device; only the hash of its token is kept. */;
CREATE TABLE IF NOT EXISTS "task" (
    "id" VARCHAR(128) NOT NULL PRIMARY KEY,
    "env_name" VARCHAR(64) NOT NULL,
    "trigger_payload" JSON,
    "status" VARCHAR(32) NOT NULL,
    "steps" JSON NOT NULL,
    "dispatch_org_id" VARCHAR(160),
    "trigger_type" VARCHAR(64) NOT NULL,
    "created_time" TIMESTAMP NOT NULL,
    "updated_time" TIMESTAMP NOT NULL,
    "source_task_id" VARCHAR(128),
    "superseded_by_id" VARCHAR(128),
    "ref" TEXT,
    "branch" TEXT,
    "tag" TEXT,
    "commit" VARCHAR(64),
    "message" TEXT,
    "pipeline" TEXT,
    "plan_hash" VARCHAR(64),
    "secret_versions" JSON,
    "inputs" TEXT,
    "exact" INT NOT NULL,
    "idempotency_key" VARCHAR(128),
    "idempotency_hash" VARCHAR(64),
    "started_time" TIMESTAMP,
    "finished_time" TIMESTAMP,
    "received" INT NOT NULL,
    "next_seq" INT NOT NULL,
    "epoch" INT NOT NULL,
    "worker" VARCHAR(64),
    "lease_expires_time" TIMESTAMP,
    "cancel_requested" INT NOT NULL,
    "cancel_reason" TEXT,
    "app_id" VARCHAR(64) NOT NULL REFERENCES "application" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_task_app_id_64eada" UNIQUE ("app_id", "idempotency_key")
) /* One deploy. */;
CREATE INDEX IF NOT EXISTS "idx_task_app_id_2e4c30" ON "task" ("app_id", "env_name", "created_time");
CREATE INDEX IF NOT EXISTS "idx_task_app_id_98993b" ON "task" ("app_id", "created_time");
CREATE INDEX IF NOT EXISTS "idx_task_status_a52c83" ON "task" ("status", "created_time");
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_task_running" ON "task" ("app_id", "env_name") WHERE status = 'running';
CREATE TABLE IF NOT EXISTS "log_chunk" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "seq" INT NOT NULL,
    "step_index" INT NOT NULL,
    "first_line" INT NOT NULL,
    "last_line" INT NOT NULL,
    "stream" VARCHAR(16) NOT NULL,
    "time" TIMESTAMP NOT NULL,
    "text" TEXT NOT NULL,
    "task_id" VARCHAR(128) NOT NULL REFERENCES "task" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_log_chunk_task_id_d5124a" UNIQUE ("task_id", "seq")
) /* A piece of a step's log, at most 64 KiB; lines are numbered from 1 in each step. */;
CREATE INDEX IF NOT EXISTS "idx_log_chunk_task_id_c52346" ON "log_chunk" ("task_id", "step_index", "last_line");
CREATE TABLE IF NOT EXISTS "step" (
    "id" VARCHAR(140) NOT NULL PRIMARY KEY,
    "index" INT NOT NULL,
    "name" TEXT NOT NULL,
    "status" VARCHAR(32) NOT NULL,
    "started_time" TIMESTAMP,
    "finished_time" TIMESTAMP,
    "exit_code" INT,
    "error" TEXT,
    "outputs" JSON,
    "truncated" INT NOT NULL,
    "task_id" VARCHAR(128) NOT NULL REFERENCES "task" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_step_task_id_a092ca" UNIQUE ("task_id", "index")
) /* One part of a task; step 0 sets the task up. */;
CREATE TABLE IF NOT EXISTS "task_event" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "seq" INT NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "time" TIMESTAMP NOT NULL,
    "step_index" INT,
    "name" TEXT,
    "status" VARCHAR(32),
    "exit_code" INT,
    "error" TEXT,
    "task_id" VARCHAR(128) NOT NULL REFERENCES "task" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_task_event_task_id_718168" UNIQUE ("task_id", "seq")
) /* One entry of a task's journal; the text of an output stands in its log chunk. */;
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSON NOT NULL
);
""",
    "postgres": """
CREATE TABLE IF NOT EXISTS "audit_chain" (
    "id" VARCHAR(80) NOT NULL PRIMARY KEY,
    "seq" INT NOT NULL,
    "hash" VARCHAR(64) NOT NULL
);
COMMENT ON TABLE "audit_chain" IS 'The end of one chain of audit entries, and the lock of whatever the chain tells of.';
CREATE TABLE IF NOT EXISTS "audit_entry" (
    "id" VARCHAR(96) NOT NULL PRIMARY KEY,
    "chain" VARCHAR(80) NOT NULL,
    "seq" INT NOT NULL,
    "time" TIMESTAMPTZ NOT NULL,
    "actor_id" VARCHAR(64),
    "actor" VARCHAR(64) NOT NULL,
    "via" VARCHAR(64) NOT NULL,
    "address" VARCHAR(64) NOT NULL,
    "device" VARCHAR(200) NOT NULL,
    "action" VARCHAR(64) NOT NULL,
    "target" VARCHAR(320) NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "hash" VARCHAR(64) NOT NULL,
    CONSTRAINT "uid_audit_entry_chain_430d88" UNIQUE ("chain", "seq")
);
CREATE OR REPLACE FUNCTION "audit_entry_append_only"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'audit_entry is append-only' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER "audit_entry_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_entry"
FOR EACH STATEMENT EXECUTE FUNCTION "audit_entry_append_only"();
COMMENT ON TABLE "audit_entry" IS 'What somebody did; its hash covers the entry and the hash of the one before.';
CREATE TABLE IF NOT EXISTS "throttle" (
    "key" VARCHAR(64) NOT NULL PRIMARY KEY,
    "count" INT NOT NULL,
    "expires_time" TIMESTAMPTZ NOT NULL
);
CREATE INDEX IF NOT EXISTS "idx_throttle_expires_7cc6a6" ON "throttle" ("expires_time");
COMMENT ON TABLE "throttle" IS 'How often something was tried since its window began; the key tells nobody what.';
CREATE TABLE IF NOT EXISTS "user" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "username" VARCHAR(64) NOT NULL UNIQUE,
    "email" VARCHAR(254) UNIQUE,
    "avatar" TEXT,
    "password" TEXT,
    "github_unionid" VARCHAR(64) UNIQUE,
    "gitee_unionid" VARCHAR(64) UNIQUE,
    "created_time" TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_user_username" ON "user" (lower("username"));
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_user_email" ON "user" (lower("email"));
COMMENT ON TABLE "user" IS 'A person who signs in. E-mail addresses are kept in small letters.';
CREATE TABLE IF NOT EXISTS "api_token" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "scopes" JSONB NOT NULL,
    "org_name" VARCHAR(64),
    "application_id" VARCHAR(64),
    "env_name" VARCHAR(64),
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "prefix" VARCHAR(16) NOT NULL,
    "created_time" TIMESTAMPTZ NOT NULL,
    "last_used_time" TIMESTAMPTZ,
    "expires_time" TIMESTAMPTZ,
    "user_id" VARCHAR(64) NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_api_token_user_id_eec1af" UNIQUE ("user_id", "name")
);
COMMENT ON TABLE "api_token" IS 'A user''s token for a machine; only its hash is kept, and its beginning to know it by.';
CREATE TABLE IF NOT EXISTS "invitation" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "org_name" VARCHAR(64) NOT NULL,
    "role" VARCHAR(16) NOT NULL,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "invited_by_id" VARCHAR(64) NOT NULL,
    "created_time" TIMESTAMPTZ NOT NULL,
    "expires_time" TIMESTAMPTZ NOT NULL,
    "user_id" VARCHAR(64) REFERENCES "user" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_invitation_org_nam_14ab16" UNIQUE ("org_name", "user_id")
);
COMMENT ON TABLE "invitation" IS 'A place in a team that somebody may take; only the hash of its link''s token is kept.';
CREATE TABLE IF NOT EXISTS "org" (
    "id" VARCHAR(160) NOT NULL PRIMARY KEY,
    "third_part" JSONB,
    "secrets" JSONB,
    "name" VARCHAR(64) NOT NULL,
    "role" VARCHAR(16) NOT NULL,
    "description" TEXT,
    "alias" TEXT,
    "logo" TEXT,
    "user_id" VARCHAR(64) NOT NULL REFERENCES "user" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_org_user_id_e7542d" UNIQUE ("user_id", "name")
);
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_org_owner" ON "org" ("name") WHERE role = 'OWNER';
COMMENT ON TABLE "org" IS 'One user''s row in one team. Team-wide values stand on the OWNER''s row.';
CREATE TABLE IF NOT EXISTS "application" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "org_id" VARCHAR(160) NOT NULL,
    "description" TEXT,
    "environment" JSONB NOT NULL,
    "provider" VARCHAR(16) NOT NULL,
    "repo_owner" VARCHAR(255) NOT NULL,
    "repo_id" VARCHAR(255) NOT NULL,
    "repo_name" VARCHAR(255) NOT NULL,
    "repo_url" TEXT NOT NULL,
    "repo_webhook_secret" TEXT,
    "transfer_org_name" VARCHAR(64),
    "created_time" TIMESTAMPTZ NOT NULL,
    "updated_time" TIMESTAMPTZ NOT NULL,
    "owner_org_id" VARCHAR(160) NOT NULL REFERENCES "org" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_application_owner_o_72b622" UNIQUE ("owner_org_id", "name"),
    CONSTRAINT "uid_application_provide_101220" UNIQUE ("provider", "repo_id")
);
COMMENT ON TABLE "application" IS 'A repository that a team deploys.';
CREATE TABLE IF NOT EXISTS "environment" (
    "id" VARCHAR(160) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "type" VARCHAR(16) NOT NULL,
    "trigger_spec" JSONB NOT NULL,
    "cd_pipeline_yaml" VARCHAR(1024) NOT NULL,
    "secrets" JSONB NOT NULL,
    "resource" JSONB NOT NULL,
    "latest_task_id" VARCHAR(128),
    "version" INT NOT NULL,
    "application_id" VARCHAR(64) NOT NULL REFERENCES "application" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_environment_applica_37d4ae" UNIQUE ("application_id", "name")
);
COMMENT ON TABLE "environment" IS 'Where an application is deployed to, and what starts a deploy there.';
CREATE TABLE IF NOT EXISTS "session" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "address" VARCHAR(64) NOT NULL,
    "device" VARCHAR(200) NOT NULL,
    "created_time" TIMESTAMPTZ NOT NULL,
    "last_used_time" TIMESTAMPTZ NOT NULL,
    "expires_time" TIMESTAMPTZ NOT NULL,
    "user_id" VARCHAR(64) NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE
);
COMMENT ON TABLE "session" IS 'A signed-in user on one device; only the hash of its token is kept.';
CREATE TABLE IF NOT EXISTS "task" (
    "id" VARCHAR(128) NOT NULL PRIMARY KEY,
    "env_name" VARCHAR(64) NOT NULL,
    "trigger_payload" JSONB,
    "status" VARCHAR(32) NOT NULL,
    "steps" JSONB NOT NULL,
    "dispatch_org_id" VARCHAR(160),
    "trigger_type" VARCHAR(64) NOT NULL,
    "created_time" TIMESTAMPTZ NOT NULL,
    "updated_time" TIMESTAMPTZ NOT NULL,
    "source_task_id" VARCHAR(128),
    "superseded_by_id" VARCHAR(128),
    "ref" TEXT,
    "branch" TEXT,
    "tag" TEXT,
    "commit" VARCHAR(64),
    "message" TEXT,
    "pipeline" TEXT,
    "plan_hash" VARCHAR(64),
    "secret_versions" JSONB,
    "inputs" TEXT,
    "exact" BOOL NOT NULL,
    "idempotency_key" VARCHAR(128),
    "idempotency_hash" VARCHAR(64),
    "started_time" TIMESTAMPTZ,
    "finished_time" TIMESTAMPTZ,
    "received" INT NOT NULL,
    "next_seq" INT NOT NULL,
    "epoch" INT NOT NULL,
    "worker" VARCHAR(64),
    "lease_expires_time" TIMESTAMPTZ,
    "cancel_requested" BOOL NOT NULL,
    "cancel_reason" TEXT,
    "app_id" VARCHAR(64) NOT NULL REFERENCES "application" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_task_app_id_64eada" UNIQUE ("app_id", "idempotency_key")
);
CREATE INDEX IF NOT EXISTS "idx_task_app_id_2e4c30" ON "task" ("app_id", "env_name", "created_time");
CREATE INDEX IF NOT EXISTS "idx_task_app_id_98993b" ON "task" ("app_id", "created_time");
CREATE INDEX IF NOT EXISTS "idx_task_status_a52c83" ON "task" ("status", "created_time");
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_task_running" ON "task" ("app_id", "env_name") WHERE status = 'running';
COMMENT ON TABLE "task" IS 'One deploy.';
CREATE TABLE IF NOT EXISTS "log_chunk" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "seq" INT NOT NULL,
    "step_index" INT NOT NULL,
    "first_line" INT NOT NULL,
    "last_line" INT NOT NULL,
    "stream" VARCHAR(16) NOT NULL,
    "time" TIMESTAMPTZ NOT NULL,
    "text" TEXT NOT NULL,
    "task_id" VARCHAR(128) NOT NULL REFERENCES "task" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_log_chunk_task_id_d5124a" UNIQUE ("task_id", "seq")
);
CREATE INDEX IF NOT EXISTS "idx_log_chunk_task_id_c52346" ON "log_chunk" ("task_id", "step_index", "last_line");
COMMENT ON TABLE "log_chunk" IS 'A piece of a step''s log, at most 64 KiB; lines are numbered from 1 in each step.';
CREATE TABLE IF NOT EXISTS "step" (
    "id" VARCHAR(140) NOT NULL PRIMARY KEY,
    "index" INT NOT NULL,
    "name" TEXT NOT NULL,
    "status" VARCHAR(32) NOT NULL,
    "started_time" TIMESTAMPTZ,
    "finished_time" TIMESTAMPTZ,
    "exit_code" INT,
    "error" TEXT,
    "outputs" JSONB,
    "truncated" BOOL NOT NULL,
    "task_id" VARCHAR(128) NOT NULL REFERENCES "task" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_step_task_id_a092ca" UNIQUE ("task_id", "index")
);
COMMENT ON TABLE "step" IS 'One part of a task; step 0 sets the task up.';
CREATE TABLE IF NOT EXISTS "task_event" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "seq" INT NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "time" TIMESTAMPTZ NOT NULL,
    "step_index" INT,
    "name" TEXT,
    "status" VARCHAR(32),
    "exit_code" INT,
    "error" TEXT,
    "task_id" VARCHAR(128) NOT NULL REFERENCES "task" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_task_event_task_id_718168" UNIQUE ("task_id", "seq")
);
COMMENT ON TABLE "task_event" IS 'One entry of a task''s journal; the text of an output stands in its log chunk.';
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSONB NOT NULL
);
""",
}

DOWNGRADE = {
    "sqlite": """
DROP TABLE "task_event";
DROP TABLE "step";
DROP TABLE "log_chunk";
DROP TABLE "task";
DROP TABLE "session";
DROP TABLE "environment";
DROP TABLE "application";
DROP TABLE "org";
DROP TABLE "invitation";
DROP TABLE "api_token";
DROP TABLE "user";
DROP TABLE "throttle";
DROP TABLE "audit_entry";
DROP TABLE "audit_chain";
""",
    "postgres": """
DROP TABLE "task_event";
DROP TABLE "step";
DROP TABLE "log_chunk";
DROP TABLE "task";
DROP TABLE "session";
DROP TABLE "environment";
DROP TABLE "application";
DROP TABLE "org";
DROP TABLE "invitation";
DROP TABLE "api_token";
DROP TABLE "user";
DROP TABLE "throttle";
DROP TABLE "audit_entry";
DROP TABLE "audit_chain";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXVtz2zYW/isYvbQ7o2RsxXaczeyDnbqNN4m9myibTjsdDkRCElYUwZKQZU03/30B8E"
    "6CFCGJMknjJbEIHJD8AB4A37ngr4FHbHsNNy+vXDwmC+QM/g7+GjhwidgfxcIhGEDXTRXx"
    "KxRObFEdutigcb2JTz1oUlYwhbaP2CUL+aaHXYoJv83gCqx85P3gAyEDpsQDECyhOccOeg"
    "uIY28Apj6YQ38OsA8WyKVDAB1LXJ2gGXYc7MyYNFg4ZM2ugsnmJb+1RUx2b1bW6F1WDv5z"
    "hdgLzxCdI4/d6/ffB/xevFAg+Mcf7C/sWOgR+byY/3QXxhQj28rgjC0uI64bdOOKa+/m0P"
    "tZ1ORvNDFMYq+WTlLb3dA5ceLq7IX51RlykAcpslKwOyvbDrsouhQ8O7tAvRWKH9JKLlho"
    "Clc27zwuHTxBcm1gGHf3Y+PLzdgwBoWOjSRSvRBeMonDBwV2qC/efwkfDRs5MzpnPy/Ovg"
    "f3SXAIavEb/ufq87v3V59/vDj7G78hYSMrGHN3YclIFH0XTUAKg0YE6gnM4n8FoKP6h4E6"
    "upBgnXwXnQU7Adc3CW+jAO8/v9zfyeFNJHIAW9ik4H/Axj7tINAVwHIseMtL3//TTgP646"
    "erX/NYv/t4fy3AIT6deaIV0cB1DnjizQzVkZ2W2Wl0h2qiLZg3PbjZpGdjE/LHMtSUdVFS"
    "470db+Q8KI/ptIzGeDvGYj1k8HWPCspZKb0I2Qqz66EpflSBOJHo4cLj9KIGwKcXpQDzoi"
    "zApoc4GAbFMn3xEyvjJXKo87L5hUgo/DL6o4vws1e07tk2J/yuKuAf3366+TK++vSvzBrl"
    "p6vxDS8Ziaub3NUf810VNwK+3Y7fA/4T/HZ/d5NfysT1xr8N+DPBFSUG22EZ0EqpgOhqhF"
    "qm523oU4PtuHbr+6L0AXq/ZXNIRzo7wqSyt9Gji1lzO/V1Xlb3dJt7mpMoisvslEgPJ83D"
    "rEo4/TRdSJmRiLbKwv0z8RCeOR/QRoB+y54QOqbsA4qIwq9hOx1D+3s0nKKryfftwXVM2K"
    "VHGXt5C9mIBuPy6su7q59uBgLiCTQXa+hZRgZrXkJGJHclrlssWo6W+SvQgTMBDn8L/swJ"
    "PxtvMgdy/jYpH26hcLM1a5C4HmLfP6bE2wA6hxRAQBFcAgu5Ntn4MkK2hoSUXCVrNqoM4s"
    "0ShnUIfmfrZfKArWDg8aZ5D2nqVVOvrVEvTW8xOZunNo4TiR4CfHpxUmuPeVKxyTzJY5x+"
    "sgLQY/RI5UDnxPrAS1WtNG9+HVfz2/FC8+P93S9R9TzpXeACsUecJXKoinUhJ6ZNDHuYGN"
    "IzbH0WK5HppZI5NI8lli5iiaMCc1aqh0CPzs9rIM1qlUItyiRYq02ZKRGNsgLKqiu/jJBG"
    "WgHplWerLE3SMr3A+dgLEwHgGk3mhCwMH5kekixQtuBfFNdLRPWeYLd2/GnADSgrHKlwH3"
    "qh6W2nNrw9V8PbyrV27vm8rO75tvS8xDYTPn2KaoooWFXCKSfXiwVHQ7RThZ0mw4Dva6y5"
    "D5rpGOh1bTX5EZcx2Hxm38Hn23fjKouNlIGSOLheh9I/f/iMbFjC9EWY32RZqZ5gn12MQX"
    "+xL0xj1kaf8GnW+reyMGWqF5cY/5LiYbXtj1c0zLjmVtvfeI4AcixApoA4CAhJ/kM0xEoY"
    "WMgPgikoq2oTc8GL13PWow/IExcDIYps22dlRWthQ/eQ2Be1xVBhsrusM9ddlk91lyfbLI"
    "Y++rOI861TspkOa+dwxs1p2ZOmYJ7xJ3gxOj17fXb56uLsklURTxlfeV2B/O3dOLdJU/Xv"
    "Paxnbx0kB4OjjNiGfGieyuODq78bpv025To/KK6j81Fcc6vO/8YdNnyyRBNibYCFrbdJ+J"
    "xJmMb1hcoVLcZaWZQyrcz/5lp8gqZstVpU9oduXOpFEk9wXGfk/UT+GiQ9wHU3L0aPLttA"
    "+QyAuGPiuJAEPoOhzCYqg0cUCojDL2cgWmCoih/f9bRS9ZG+qWNVe1NuVXtzsW1aiXu/Lt"
    "KxQA+3rIeaxTszazeJ7IEn7l24tR5zat3l0Ir0KZtgiaqDc1pGGydqRGxyvJQB7qmePzy8"
    "DxiqgBtW19DWGbmWxZebSmM3EdEQ14DYQg/YVDISJxI9BHh0UmcdyGqVu6ScFFaCTJ9KfW"
    "UrNfA+brLtxriB+G3ozWQeJxWeDrFEDwF+NaoziFmtUohFWRbjgEsoYlzudpxI7OVx3LLV"
    "2rEdjuGUytxgy2GPBTTqu6Pefq64Y+q6LWxx2uoso4tzVukKvjgXVVGHL0YeAtABqchCnm"
    "ctCPZDFqAksN6tBffLpijqAxgWc05XzhMfplEpP5wLgdSZ3J4yAEtHFD7N2pKjo7KyDOv3"
    "ENzDB/qwu89myDN8F5kqa5y8nA5p22OtY1qGi11kYwcZG7iURE5UmIQksn0c+SejOoqFVy"
    "sf/aIwbyPisQ5qqSITET3q9xj1rIisPBn1VY59WkaDvwf4NoPGpwb3j1Q0/hQl+2cCOh1d"
    "1lE2o8tyXcPLcmYK5PlSFrLUJJ2SOJ5Z+rQphA9sk37yNKhtUyFHTtOU25ruGwCQSwvUMe"
    "zrBgIUh16rcjfdOg+YlqduShUPK5kZnK1YI3GTa0MTAexE+ZdoxvtuCTeAwkWUIz/tacd9"
    "8tjidxEn1Q/z5styPTVzE3l6qFT8pkhoplmbdiWBepJM5W1TW01TN0w3qOVbCOv3ENwGqB"
    "udM/sYY1jMZcgyJhvFZWZBsIejWgfyHxv+boZz1wnkb1lO5bb1fEd6upbT8RMkVW4139S3"
    "nMotA7vu7rytKZU/ktm7+cpZDGSb8rhwWLklt8nMMON6dXbkGLHNMo9uBj5FLtv6siaGgO"
    "2Yl0wbsCELPuDrt3xbjHwAPcSeejlBHrLA1CNLcMr32QiacyEt3Y0f/AbSnTgNw/dlEXZB"
    "adjlvBlDFPJf4kQGfu9AqPZW/RrPSvlcqfqSULnh2Gzvkjugct+MRq9evR6dvLq4PD97/f"
    "r88iTmdItFVeTu9e0vnN/NKLeI8O1sUHbz+B+MSs+O/LqAZoQ0rhJcp9iLlEh9XLNCGlcJ"
    "rolurg9rRkajKtUCbG+5VFmTJxI9pDYaIOx0FG1fN7QUPSrlW43q9+K7qerIRjKsqjut7O"
    "ut0jbIG3JXqWAQom3UvgxCz7KpDXMUQmqgtYpC4PkVZexBmHexgjgIEzxupwzuHRQdb+/x"
    "w+kdkQGHG9pfgjH798UaWwg8QHvF9vN8nFisgjCz33+7u/kciBWJgsM1K6UHImZMGlqRyc"
    "ATHfJUlYNnha1HkecxPgUhGv9f727//VXMPXECHvDt/c3nG8CNnuAf4IfgcXVWnhbEc9A5"
    "Zl+cCz2lU16yUjr4b3fv1Cf0yn7myOtIJu0O083dtT4U7an2Y9DGUKKryzGPBTTa6mjbZE"
    "ZUwI7qa6zVsdaHP/fcUaFtaO/rqaB2lkAqGmHfJPn9DN9oNlf+l4BEGMh4mahsWMnN+Kla"
    "NVw6fPYNIesFdgShwmkSTqUE6cRKoh62xlQcpE2dAb8NanlYxYhoZ/PmYO9evsVO5cnvXr"
    "bFI8HbSK5F7cD/XB34hYsNWwXs1vdFad37Xep9Hb7xbLxdNC2iaZFW7M+HHQng+EKRO5Bu"
    "83nBsHqPH1Wp5YDBrc9BTAX3RHkrYiPACfARDY4r4lfBShKPoSpcGWsRuIXrlAdKFrGzWo"
    "4NZxWODWdbHRtUnfy1f3+Vx7TcWF5uiumVsfzYthg2t9GVEjOSSPQC8HyK+Rra4tWoIsF8"
    "IRUiT0284+YtL3uABXyHTI9dW79PsYP9+Y5dXRDWfd3mvkaP/BxlYqnESmVkdpr5W9ahh5"
    "74kefJDvQqn/ljAe2FoT7zkxV1V2reoCkR7Q26uzcoe33HFOgUsL8mxEbQKbH7peVyHTBh"
    "gk2tvuIrx8X++v7+Ywb769v8sP766fqG7d5ER7BKOOAlJCdt6tgmHdvUUnatrbFNAnYZux"
    "b1RwW7FnV9PXYtOLRFTp6lysqOchHUmIWWLqHIMTfGAm0kKUlYxRBl5DzE+SYzplEmk65X"
    "LEu2vvmyTEiT5FZ1ApzEQGAq3uGvP6wT4xQ8D49yCsV0nNPxUpCX04HpAVYX77RMD+ebBs"
    "6vCY9KceHGJlAytrefspIS1cvZPcLKNIXYNIWIXLWovUhAH+axx7i2sO9Cas5F5LHa7CkR"
    "7QNF0VjMcFGtC5wUEM/L9VCx6KzA7VE4nSOsV661c1fnZXVXt7qrg7O8djmEqijZw1mriU"
    "Oo/JWLPB9ZuyS0l8lq2GvB7qGpirkorN4HcI9tLJp40DElQUrlYCcSGu9dkrHNVMAOq2uk"
    "1ZE2yXKJJQmJKs6GjSX6gHfTe4wl8n04U3LoS4n0AeFjj+jo4GIVyNMyGvMdMLehehxvRq"
    "gPqDetS4JsZEZ4gOsOicwyoprz350bxY7cd6hcwyQSfRjpx9Yv6JFb0QtwV7oLxTLaVUjB"
    "VSjvSaCgzyWifRjrR9jIp5FTnUVlsv2DvYHJVAcmPBNCWAcmPJ++9pCJ8IPMtbg0LiEtcr"
    "yAxJOm1OahoxHZitZQOxQrLXI8QE87AihyiYxJLg+bierrsZmHck28hSyDQfliKZHQS6Tt"
    "SyS2t/KRsU8KFnkLegpt8xRq8ngE2/AQQ9ZXj9KRiesduMIOPAYQ+mpJxwuCfdBxx2aaku"
    "CFunNKIqGd7tRzEIUBLPsGSfUzU/AwFyuVDDXVUKmUeuHHNe+bmDl9PHRPsC64nBseWe+L"
    "U5SJqY8YoQfkyGwgSgDxYLob3lCfUGo8LjFArCw4McZzS4SigeKKteIUWWVvk2Ty+sEH/y"
    "Urz4H22yCPF1uYiFIHBIHywblpPj9cjSfotskMCOUjj3Q8aOvKZ7YrhQ3q09h5mT6NvUvJ"
    "RRbsPVRWtVH9Hq5p9RnMmg2pH03AV4KqCQ6zQjrX0RMnOWwZlsemNI4eoNwyvJuOT9bJ0H"
    "QytI6rCJ0gSieIeqIx3t0EUXOPUCqglfAwUeGwmoZJV9tKwrwna0CmFDnAJ0tE5wxdsIY+"
    "Qw0jC/iYDRPBhaxZj7KqEzSDTsCeLNAGUGTbPnDIhFgbsJ5DycFrTdxgj1PYFP1P9/E5bR"
    "n5cuRz2EyyciTu1aWrl7i+plpkS5fOnVlzzLHddXKgMKE/0fQjDl2RTT3RaSwV00508Eud"
    "4z15dD5xmD4n4lROTri/BDcvlhDbIDwlEPkAekgcvMnpeH8JbRuwaZoyUdnpnodocvu0ks"
    "lJyN+4diZCceBLLDGsTEU4+J7Lfoj4a9S/TVB92z2UzBPPLqth8xNkejDUBTstoyEvgTw1"
    "a0YfQl18Y4GDbPhbhO3ovA64rFb5AZrnxTNgH9jYViJUEgnNqOwQEQ19f008iXquiEJPyW"
    "jM1TGfYTpfTQz2+sRRmxiLkn1TKodX2AwzhHYEOyuosd6Gtc5U+JwOwFXYYqYdaTHbDS2Q"
    "LC+EkkvelYvHvJ0OjoNafovYecBUgLAvUrdxS52dm6uhIt5sX4zuvVlfB5Ifbe73Q+hL0E"
    "yfUGqU+LpCHjbnAxn1FRYNK8kvmFTaRn+VI7GHVUO2WHou7qR7cuzlBE2Y2EhlGZoS6aEB"
    "e3R+XotEOK8gEc4LJIIsWKcyMqqn6J6e1Mr9flKR+/2kkPud3ZEimR2uPK1XSkSfdaCYz+"
    "tJDTnf/w9Ae8XY"
)
