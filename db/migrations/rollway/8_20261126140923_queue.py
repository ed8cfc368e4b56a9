from pathlib import Path

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

PROCRASTINATE = Path(__file__).with_name("procrastinate-3.10.0.sql")

UPGRADE = {
    "sqlite": """
CREATE INDEX IF NOT EXISTS "idx_task_waiting" ON "task" ("app_id", "env_name", "created_time", "id") WHERE status = 'pending' AND reported = false;
""",
    "postgres": """
CREATE INDEX IF NOT EXISTS "idx_task_waiting" ON "task" ("app_id", "env_name", "created_time", "id") WHERE status = 'pending' AND reported = false;

-- a claim walks along the line and looks up what is before each job: also when the tables have not
-- been analysed since they were empty, where the planner would gather and sort all jobs every time
CREATE INDEX "rollway_jobs_lock" ON "procrastinate_jobs" ("lock", "id") WHERE status IN ('todo', 'doing');
ALTER FUNCTION procrastinate_fetch_job_v2(character varying[], bigint) SET enable_sort = off;
ALTER FUNCTION procrastinate_fetch_job_v2(character varying[], bigint) SET enable_bitmapscan = off;

-- what runs first, so that each of them gets its job; then what waits, in its order
SELECT procrastinate_defer_jobs_v1(array_agg(
    ROW('default', 'deploy', 0, app_id || ':' || env_name, id, '{}', NULL)::procrastinate_job_to_defer_v1
)) FROM "task" WHERE status = 'running' AND NOT reported HAVING count(*) > 0;
SELECT procrastinate_fetch_job_v2(NULL, NULL) FROM "task" WHERE status = 'running' AND NOT reported;
SELECT procrastinate_defer_jobs_v1(array_agg(
    ROW('default', 'deploy', 0, app_id || ':' || env_name, id, '{}', NULL)::procrastinate_job_to_defer_v1
    ORDER BY created_time, id
)) FROM "task" WHERE status = 'pending' AND NOT reported HAVING count(*) > 0;
""",
}

DOWNGRADE = {
    "sqlite": """
DROP INDEX IF EXISTS "idx_task_waiting";
""",
    "postgres": """
DROP INDEX IF EXISTS "idx_task_waiting";
DROP TABLE "procrastinate_events", "procrastinate_periodic_defers", "procrastinate_jobs", "procrastinate_workers" CASCADE;
DO $$
DECLARE
    name regprocedure;
BEGIN
    FOR name IN SELECT oid FROM pg_proc
        WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = current_schema::regnamespace
    LOOP
        EXECUTE 'DROP FUNCTION ' || name;
    END LOOP;
END $$;
DROP TYPE "procrastinate_job_to_defer_v1", "procrastinate_job_event_type", "procrastinate_job_status";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    dialect = db.capabilities.dialect
    return UPGRADE[dialect] if dialect == "sqlite" else PROCRASTINATE.read_text() + UPGRADE[dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXW1z2za2/isYfUnXo2ZkxU7czdwPtuM2vk3tu7Zyu7vJDgciYQlrCmBJyrKmm/++AP"
    "hOghQhiTTF4EsbEzgQ9QA6OHhwXv4cuNS2V3D9+tzBE/qIyOCv4M8BgQvE/lFsHIIBdJxU"
    "E3/iw6ktukMHG37cb+r5LjR91vAAbQ+xRxbyTBc7Pqb8YwbnYOkh95UHhAx4oC6AYAHNOS"
    "boPaDEXgPse2AOvTnAHnhEjj8EkFji6RTNMCGYzJg0eCR0xZ6C6fo1/2iLmuyzWVujn7Ik"
    "+I8lYl94hvw5ctlnffky4J/FGwWC//oX+xcmFnpGHm/mfzqPxgNGtpXBGVtcRjw3/LUjnl"
    "3Oofuz6Mm/0dQwqb1ckKS3s/bnlMTd2RfmT2eIIBf6yErBTpa2HU5R9Ch4d/bAd5cofkkr"
    "eWChB7i0+eRx6eANkmcDw7i5nRj3VxPDGBQmNpJIzUL4yKSELwpMfE98/wV8NmxEZv6c/f"
    "n25FvwOQkOQS/+gf9/fnf58fzuh7cnf+EfSNnKCtbcTdgyFk3fxBDQh8EgAvUEZvF/BaCj"
    "/vuBOnqQYJ38Lg4W7ARcz6R8jAK8/3t/eyOHN5HIAWxh0wf/ATb2/AMEugJYjgUfeeF5f9"
    "hpQH/47fzveawvP91eCHCo589cMYoY4CIHPHVnhurKTststbpDNdEVzJte3GzTs7EJ+WsZ"
    "asq6KKnx3ow3Ik/KazotozHejLGwhwxu96ignJXSRshGmB0XPeBnFYgTiR4aHsdvawB8/L"
    "YUYN6UBdh0EQfD8LFMX3xgbbxFDnVeNm+IhMKvo38cIvzsK1q37JgT/q4q4J9c/3Z1Pzn/"
    "7f8yNsqH88kVbxmLp+vc0x/yUxUPAn6/nnwE/E/wz9ubq7wpE/eb/HPA3wkufWqwE5YBrZ"
    "QKiJ5GqGVm3oaeb7AT13ZzX5Tew+x3bA85kMmOMKmcbfTsYDbcVnOdl9Uz3eWZ5iSKopmd"
    "Eunhprkfq4TTTw+PUmYkoq2ycP9MXYRn5Fe0FqBfszeExJT9gCKi8HM4zoGh/S1aTtHT5P"
    "ftwlVM2KVXGfvyFrKRH6zL8/vL8w9XAwHxFJqPK+haRgZr3kLHNPck7ltsWowX+SeQwJkA"
    "h38L/s4JPxsfMgdy/jZpH26gcLM9a5C4LmK/f+xTdw38OfQBBD6CC2Ahx6ZrT0bI1pCQkq"
    "t0xVaVQd1ZwrAOwRdmL9MnbAULjw/NZ0hTr5p67Yx6afqIydk8tXWcSPQQ4OO3o1pnzFHF"
    "IXOUxzj9ZgWgJ+jZlwOdE+sDL1VlaV79fVLNb8eG5qfbm1+i7nnSu8AFYpeSBSK+yu1CTk"
    "xfMexwxZDeYeuzWIlML5XMvnksYboIE0cF5qxUD4Een57WQJr1KoVatEmwVtsyUyIaZQWU"
    "VS2/jJBGWgHppWurmCZpmV7g3LZhIgBcoemc0kfDQ6aLJAbKBvyL4tpE3HEmCEN863mIhP"
    "Us7DgL2yijnKyegx3nYLr01ltdl5SPoi9Ounxxwr4W8R4CjlTZ8JIK9+E32DT9ph0QvlcH"
    "hKVjbT3zeVk9812ZeYmqDd8+RblHV1GqxHtOrhcHr4bo94r76sxN4K6X1rfBMAcGet076/"
    "yKy1xc37Hfwd315aTq5jp9B2LjJ+RimZv/RSj78693yIYl9x0R4h+CgdY9gr3symJXqK6y"
    "1xh9RMuH3uOuME3YGH3Cp1l3kaWFfbZH4RJvkaR5WO0swjsaZtxzo7PIZI4AIhagD4ASBI"
    "Qk/0MMxFp8rluC6DufdbWp+cibV3M2o0xfiIeBkI9s22NtRfeShj5D4pCiXUwUrIKzOkbB"
    "WblNcDba5GLioT+KOF+TEsIp7J3DGTenZUdNwTzjb/Dj+Pjk3cnZm7cnZ6yLeMv4ybsK5K"
    "9vJrnTrGpAyH5DQeogORi0smIbcrp8KRdBrv6umPZbl+v8oLmOzkdxz406/3fu4efRBZpS"
    "aw0sbL1P4q1NyjSuJ1SuGDHWyqKVaWX+b67Fp+iBmfVFZb/vwaVuh/EGx3VG3rHwz0EyA1"
    "x382b07LCTpscAiCcmDiRM4DMYymyjMngIuoA4/OUMxAgMVfHHN72tVP1If6rjhvFTuRvG"
    "T283bSvx7NdFOhbo4dl+X7v4wezaTSK75417GxKyx+Tj4ZKNRZ6ZbbBUNSImLaNvcWqE+H"
    "O8lAHuqZ7fP7xPGKqAG3bX0NZZuZbFzU2ltZuIaIhrQGyhJ2wq3aYnEj0EeDyqYweyXuU+"
    "jKOCJcj0qTS4olID7xJX0W2MG0j4Ad2ZzEWxwiUklughwG/GdRYx61UKsWjLYhxwCUWMy+"
    "NUEomdQlQ6Zq21HaECH3xZ3EQ57LGARn171LvPFR+Yuu4KW3xJFwvs3/vQXwbfIs8XZzoM"
    "KxljU3Q1vKRvjaByficMVnPqIRDIA29OVx6YByk4uU+HxW/xfMH3/sIesb4+T9TpIZdbXk"
    "OwJD62gwBztu74nSCyZNHoTX3UV/KVHPnUto54XlFONvNPeuWBAImg+wryxKS2BXg2miE4"
    "CmLg+W3/kRAJP4JJkeViityQt/5Kko5MStxpHok3pkyvBVeX/A0fILaRBTxMTPQaXPv8TW"
    "z04ANoc+Y7eO8ji1PeeIGOdr3p5F9QkaZIifSOnD4en9XxhBqflXtC8bZqfpqvHiXAw/69"
    "u697M65lzlVYc8VTX/QbUzv5paU09VbjYCJ3KSu9BYj769v7/CVApMpVLwLScu1cBrSplg"
    "/9LmAnszC7PRcXxi1BE8r+U9dddltXuxfdmOt6y6bMkRoZnnYzsmMvWJmBnXaRrTCurXS3"
    "jXb1LXeIg7Yt/OFkpux7boEGIzIUhOHKjV66IoC/oMiej/2iFb2vgYXNPEfQQi6zZ6HLbG"
    "ZhmAtb2YNr4aYnDOMj7vHBx3kv/hT+H2xQZsEL3wtmf4Mj6Pto4TBL2qTM0hUW/VcSGMg4"
    "ML3ZbDPz2KdgisCKuvwPSpgke09OBMTvwF1IEpfeVwASb8VekZneLoIeJeILrebrr4SbzE"
    "hIEWZhlzuV5BJtpcApuJh8kSSRdpGJmEAYPiLSYCUHLElj7pF2KnnZdFjp6VYyLTNiPaRR"
    "GsmOgJ4UTfhYoIcI7998D/W1CvuaEtGJmXYgYPm2V8T9AhPorkuuG0KJHOzTtR8cqfoD+E"
    "WIYQw4w/vi+ub87h/yAPsLCeYX/5hcnec91uJ9tq46SSR6qE/2nwgrNNsUCIGURHuUwHFT"
    "8O6ZEohsWRX9nJbRCnoHBR0cD4rQV2VCiST6QB22n/8kfc4pwL4p7UlOWLvFdo4KS0/2Ay"
    "bYm2852QVhndqmy3P94hW4uvZDbrlCQI6vyoKvnnMhl5H+wLCvyyYXl16nygZ8EDeVHyl9"
    "HMgp6Lh5uIGE5h2NedSzhn9HkO8QhH7IAb8b5v8HkKTZ1rBGazpwjzPHQTXXsGCrzK2jgU"
    "+QErm5PNO68GsH6VZdfUDXETx0mHUdwZbqCE5Vb2UKgj2EW2dNbBv+w8ydp8s26oN7aS40"
    "Rb1alOyhYm0jW2JlBR31s3s/U9INc2f34urr1Nk9PQmyw3tukipO77nVUSejj3BxIiBFb/"
    "BzcnC6Fv5UQX414azFlpPLTtMwbAbCQUqWyWf3QYX3GM/gb3jmHFlLO9wkQu8s4fblgahN"
    "jL7knmnRE8NxKQNlccRdzYQ/V5Aiju04gI/zlSygxR27RCRHbd8uTQm8ZAk3zQq8DCvA0V"
    "EAN+rfQ3D3f1Rlnz6bIdfwHGQWQS6/1s/L6av9Ha72TctwsINsTJCxhgtJuZMKykAi28eV"
    "PxrXUSy8W/nqF435pGGc21fyaEmJ6FW/k0OLR5euLBdKOfZpGQ3+DuDbDBrPN7YIsy1K9s"
    "G7qLFw24z3nCe98y51RkxJaGfEvDOi5HSmSgCWDNEKC6iDFrcjAfMn7OKclztEymT7oLza"
    "do3UHlTag6oz2LfnQZVP5yDclHYvYJN2jeoJ9s0WHbkmT9iH4bsW+epU87CSrsbZjjV8zR"
    "wbmghgAiDwEVyEwcRR0vgFXAMfPqISLzB2ROc5eza6mzXzIVJ6OV2fcemxp5pb7pa72TbV"
    "N3cuutk1LdM0wcx0g1pd+bB/D8FtgGDWPn1trGGxl23jclYQ7OGq1i5n2uVsXy5n6NnBbL"
    "StZj4v28OZP5CZrkU1cYtYUZumRPpALLXMa4gjSAFtdULjczjOYYFdl8hIrbFO+ZF9orPL"
    "+ZLII8DixmHlkdymM8OM+9U5kWPEDssiV5jnI4cdfdkQIsXugmkDtmTBr/jiPT8WIy/IpS"
    "WS3yILPLh0AY75ORtBcy6kpafxvX4A9yvjZUV99BzlA+YdjvjfR0NA3VTaMdHgsLlB1hE7"
    "7JtB9jA+TC4LsfRoH2Xok1Wa+5JOTscHNEQj/0v4RPMvo5jZ6wLPSq+xpPpQcoMVLvbu2v"
    "DBDdZP4/GbN+/Gozdvz05P3r07PRvFV1nFpqo7rYvrX/i1VkZbRvdcB1uctHn893aDmF35"
    "dQHNCGlcJbg+YDdSIvVxzQppXCW4Jrq5PqwZGY2qVAuww6rkGrkqCVck0UOupAEGUFeT7O"
    "sJmZutxaktd8CI+vfid9O210VwFJCZ3uU5GhOZLbM0dvOMLLWmG0rS2IVKJN3aIfblHFnB"
    "BMnzy6szQdtmmO/GMt9zjvn2qKBbdzaQsUD8+bCSAKJhj1oJ6DkT9soDLi+vRAAvQ8QdJl"
    "6DCfvvjytsIfAE7SXyAqaFdRAMyu3vN1d3gZg8/fx+hpWyMhHDKQ3k+3OQ4Bv2GIpLA84H"
    "sa8dAx/zpdh6Nvh1P12RYNxo/X++uf7bZ7Hlsx3XhfwR+P3j1d0V4JfX4H/Aq+B1gxWiPT"
    "xeNHrQn2P2i3OgK7GlKiKwMlK69uD2sRAvGAP0nSOv42a1W9Nhkhrp1ypgXH4Azon14Y64"
    "9eADG0OJri7HPBbQaKujbdMZVQE76q+xVsf6BfxNuq22++Zw0jW0d/U4ubu6n9xdX07qBc"
    "2kAnB2DZrpZ8RSs1Ez9wGJMJDxMlHbsJKb8VK96iRmZr8hZP2IiSBUOE3CqRQLBUX8tkzF"
    "vI8xdyhLrUmRvanlYRUjooMGmoM9pZGDjOYqGKdEelf2e/8AB4pJBd9Eonfwjkd1uFTWq7"
    "wg42ikAzF0IEZnc//q2ddhON2Y+QOZ6a6G4XRtOjUt0oXz+fBAAnHufeQMpMd83jCsPuNH"
    "XWo5YPDb5yA2hnuivA+CU0bAQ/zczcNc2FOwlMTVqApXhrgE3vjFIJfE+S0sm6uL1Vffkp"
    "3UcnY4qXB2ONno7KAab6FDLaqc1+UX6OXXM726QG/7fkaX686oizfjGtrizbhUWfCmAsDu"
    "tof5vKwu5dJlm17X2/1+5ho9Y5/NnqUStpaR2Wrn79iE7nvjR65LJWe08p0/FtCeGeo7P1"
    "36zlLNQzQloj1Et/cQZV+fmAKdAvYXlNoIkpK7wLRcPvaJCTZlfcVPWg5+ur39lMH+4jq/"
    "rD//dnHFTm9iIlgnHHAVkihjOjPi6LB8pFl5koeMWHtntVGz+rqVXA81Qvyqlnp5jJ9e5x"
    "XrXMf16bi+F9o9DzauT8AuY5aj+ahglqOpr8csBxm25cRxqq2saJ6ghS20cKiPiLk2HtFa"
    "QhCzjiHKiDzFOXMzbgFMJt2v2JZQPPm2TDhfjY8Sr7wp5I9H/InVsYLY55gMk6A/MXou3C"
    "94PR7w5yBiMYFX4PzmA3CRQzldwhrEJAy+bX7fOsGI4tWY6ZV+rfJYxOTlmAipeDnN27dU"
    "raact08v27p4p2V6uGE2UOowrKrnwLVNoWRtby7IlxLV584dYkI11980148ctZDbSEDXfd"
    "thXVvYc6BvzkXaALXdUyLaBy6xsYD/oloXOCkgnpfroWLRqdm7o3AO7mZp6VhbT3VeVk91"
    "p6c6KPu6Tb3SomQPd60m6pV6Swe5HrK2qSoik9Ww14LdRQ9FpMvvdcPufQC37VvdqQuJKY"
    "kwLAc7kdB4q+Ptw5kK2GF3jbQ60iZdLLAkm1i5wk4k+oB302eMBfI8OFPyvE2J9AHhtle0"
    "gx0kT31eDnlaRmO+BeY2VA/Czwj1AfWmdUmQStB4YvayPDPKpiyEGVHN+W/PjWIid/Ir1z"
    "CJRB9Wetv6BT1zN4AC3JXOTrGM9nVS8HVaYX9ulKY5rQQ8L9oi7tGN+sHCHjkyKEKeFtPL"
    "XAHvvMePgtkiEe2DSm+Br0ojp2osymT7B3sDNqMOlPtO7j10oNz3M9cuMhF+kpkLpVEXaZ"
    "HeBF3sLzqeHdwMtXqZaZH2AD0+EECZYSq7MCkP44z667VZOJJR91GWZafcWEoktIm02URi"
    "xysPGbukCZOPoLfQLm+hJo8bsg0XMWQ99ZO3TFyfwBVO4DGA0FMrjFEQ7IOOa5tQTYJ26u"
    "4piYT2LVXPkxcGmu0azNjPbPbDXExjstRUQxpT6mW+JI+7Fg/4RGeXfJweYV2IrDBcutoV"
    "pyhbYB8xQk+ISK9CVADiQa9XfKA+oaQUP5z3ODLKwqYiXG8JmlD2nxroXooR7+MBD3Lrl+"
    "OrGnIdLLKyuOt4CW4IvjZQ3LFWCDbr7K6TBJ2vPPBvunQJtN8H6TmZLSdaCQhy3QTlUD1e"
    "M5XX3bDpDAh9LQ/i3uvolelBOZuTj/1WCiiuSnsiNZ4k9Ea4PKs0wstGFLeY76Q8yFiNq2"
    "udpmse/73RS4/se6gcBKL+PTwG7L/44zZsko4zOggCSRjPqjmKs0I6XeEL5ynuGJZts0Ct"
    "py7oGN5NZy7Q+Ux1PtMDVxE6953OffdCa/xwc9/NXer7AloJDxM1DqtpmHS3jSTMR7oC9M"
    "FHBHh0gfw5QxesoMdQw8gCHmbLRHAhKzajrOsUzSAJ2JNHtAY+sm0PEDql1hqs5lBST7WJ"
    "D9ihuKqiy+4ubrodI19aLq9q0iWRBF6UWi9xf021yEyXgytF1+baPnRyoLChv9D2I2qpyb"
    "aeqMhaxbYT1XOrU7Wb5+2ghOlzKoptc8L9Nbj6cQGxDcLiv8gD0EWinjan470FtG3Atmmf"
    "icqKdu9jyM3bSiZ9Kf/GtZOWijpuscSwMnNpIVEq4l+j/scE3Td9htL1xHeX77T5DTK9GO"
    "qCnZbRkJdAnto1ox9CXXxjgb0c+DuE7fi0DrisV3ld7NNiafcntraVCJVEQjMqW+RKgJ63"
    "oq5EPVfkp0jJaMzVMZ9hf76cGuzrU6K2MRYl+6ZU9q+wGWYIbQl2VlBjvQlrncP0e6prr3"
    "DETPseY3YaekSyjDFKXoznDp7wcQ5wHdRy9cTkCfsChF2Ruo5HOti9uRoq6s52xejWnfV1"
    "IXnR4X43hO6DYfqEUqPE1zlysTkfyKivsGlYSX7BpNMm+qsciR1uNWTG0vfiTrojx15O0I"
    "Qpz1TM0JRIDy+wx6entUiE0woS4bRAIsjimyqDyXqK7vGoVlWIUUVViFGhKgT7RB/J7uHK"
    "E/6lRHQVFMVMfy96kfPtv8A0kbs="
)
