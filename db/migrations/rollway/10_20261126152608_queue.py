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
    ROW(o.name, 'deploy', 0, t.app_id || ':' || t.env_name, t.id, '{}', NULL)::procrastinate_job_to_defer_v1
)) FROM "task" t JOIN "application" a ON a.id = t.app_id JOIN "org" o ON o.id = a.owner_org_id
WHERE t.status = 'running' AND NOT t.reported HAVING count(*) > 0;
SELECT procrastinate_fetch_job_v2(NULL, NULL) FROM "task" WHERE status = 'running' AND NOT reported;
SELECT procrastinate_defer_jobs_v1(array_agg(
    ROW(o.name, 'deploy', 0, t.app_id || ':' || t.env_name, t.id, '{}', NULL)::procrastinate_job_to_defer_v1
    ORDER BY t.created_time, t.id
)) FROM "task" t JOIN "application" a ON a.id = t.app_id JOIN "org" o ON o.id = a.owner_org_id
WHERE t.status = 'pending' AND NOT t.reported HAVING count(*) > 0;
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
    "eJztXW1z27aW/isYfUnXo2ZsJU7czewH23Fbb1N711a2997kDi9MQhLWFMCSkGVNN/99Af"
    "CdBClCEmWKwZfEInBA8gF4cHBe/xr41HWXcPX63MNj+ojI4N/BXwMC54j/UW4cggH0vEyT"
    "uMLggyu7Qw9bLOn3EDAf2ow3TKAbIH7JQYHtY49hKm4zOAeLAPmvAiBpwIT6AII5tGeYoA"
    "+AEncFMAvADAYzgAPwiDw2BJA48uoDmmJCMJlyavBI6JJfBQ+r1+LWDrX5vXlbq3dZEPzn"
    "AvEXniI2Qz6/15cvA3Ev0SgR/Oc/+V+YOOgZBaJZ/PQerQlGrpPDGTuCRl632MqT1y5n0P"
    "9Z9hRv9GDZ1F3MSdrbW7EZJUl3/sLi6hQR5EOGnAzsZOG60RTFl8Jn5xeYv0DJQzrpBQdN"
    "4MIVkyeowydIrw0s6+Z2bN1fjS1rUJrYmCIzC9ElmxKxKDBhgXz/OXy2XESmbMZ/vnv7Lb"
    "xPikPYS9zwf87vLn89v/vh3dt/EzekfGWFa+4mahnJpm9yCMhgOIhEPYVZ/q8BdNx/N1DH"
    "F1Ks0+/iYMFOwQ1sKsYowfuf97c3anhTigLADrYZ+D/g4oAdINA1wAosxMjzIPjTzQL6w+"
    "/nfytiffnp9kKCQwM29eUocoCLAvDUn1q6KztLs9HqjthEVzBve3HzTc/FNhSPZekx6zKl"
    "wXs93og8aa/pLI3BeD3GUh6yhNyjg3Keyggha2H2fDTBzzoQpxQ9FDxO3jUA+ORdJcCiKQ"
    "+w7SMBhsWwil985G2iRQ11kbYoiETEr+M/DhF+/orOLT/mRN9VDfzj69+v7sfnv/9XTkb5"
    "eD6+Ei0jeXVVuPpDcaqSQcAf1+NfgfgJ/nF7c1UUZZJ+438MxDPBBaMWP2FZ0MmwgPhqjF"
    "pu5l0YMIufuDab+zL1Dma/Y3vIgUx2jEntbKNnD/PhNprrIq2Z6S7PtFCiaIrZGZIebpq7"
    "kUqE+mnyqNSMxGqrPNw/Ux/hKfkNrSTo1/wJIbFVH1CsKPwcjXNgaH+Ll1N8Nf2+fbhMFH"
    "bZVcZf3kEuYuG6PL+/PP94NZAQP0D7cQl9x8phLVroiBauJH3LTfPRvHgFEjiV4Ii3EM+c"
    "6meTQ+ZArb9N24drVLj5ng2UuD7i3z9m1F8BNoMMQMAQnAMHeS5dBSqFbAMKpXKVLvmqsq"
    "g/TTWsQ/CFy8v0CTvhwhNDixkyqlejeu0Me2n7iCm0eXrrOKXoIcAn744bnTGPaw6Zx0WM"
    "s09WAnqMnpka6AJZH/RSdZLm1d/G9frtRND8dHvzS9y9qPQu6QKxT8kcEaZjXSiQGRPDFi"
    "aG7A7bXIuV0vSSyexajyVFFyni6MCcp+oh0KPT0wZI816VUMs2BdZ6W2aGxKCsgbKu5Jcj"
    "MkhrIL3wXR3RJEvTC5z3LZhIAJfoYUbpoxUg20cKAWUN/mVyIyJuOROEI77xPMTEZha2nI"
    "VNmFGB1szBlnPwsAhWG5lLqkcxhpMuG074a5FgEupItQUvJXEfvsG21W/GAeF7dUBYeM7G"
    "M1+kNTPflZlXsNro6TMq99gUpat4L9D14uDVkvq9xl6dswRua7S+DYc5MNCb2qyLKy5nuL"
    "7j38Hd9eW4znKdtYG4+An5WOXmfxHR/vzbHXJhhb0jRvxjONCqR7BXmSy2heoqb8boI1oM"
    "Bo/bwjTmY/QJn3bdRRYOZnyPwhXeImnzsN5ZRHS07KTnWmeR8QwBRBxAJ4ASBCSl+CEH4i"
    "1M8JYw+o7xri61H0XzcsZnlPMLeTEkYsh1A95Wdi9p6R4KhxTjYqIhFZw1EQrOqmWCs+N1"
    "LiYB+rOM8zWpUDhFvQs44/a47HFbME/FE/w4Onn7/u3Zm3dvz3gX+ZTJlfc1yF/fjAunWd"
    "2AkN2GgjRBcjDYy4ptyenypVwEBfu74txvVc3zw+YmPB8lPdfy/D+Eh19A5+iBOivgYOdD"
    "Gm9tU85xA8ly5YgJV5atnCuLvwUXf0ATLtaXmf2uB1e6HSYbnOAZRcfCvwbpDAjeLZrRs8"
    "dPmgEHIJmYJJAwhc/iKPONyhIh6BLi6MsZyBE4qvLHN7Ot1H2kPzVxw/ip2g3jp3frtpVk"
    "9psinRD08Gy/q138YHbtNpHd8ca9iRKyx8rHw1U2lvXMfIOluhExWRpjxWkQ4i/w0ga4p3"
    "x+9/A+YagDbtTdQNtk5TqOEDe11m5KYiBuALGDnrCtZU1PKXoI8Oi4iRzIe1X7MB6XJEHO"
    "T5XBFbUceJu4im5j3ELCD+hPVS6KNS4hCUUPAX4zarKIea9KiGVbHuNQl1DGuDpOJaXYKk"
    "SlY9LaviNU4ISp4iaqYU8IDOqbo959XfGBseuuaIsv6XyO2T2DbBG+RVFfnOswrNUY27Kr"
    "FaR9GwSVC5swWM5ogEBID4IZXQZgFqbgFD4djrDiManv/YVf4n2ZSNQZIF9IXkOwIAy7YY"
    "A5X3fCJogcVTR6W7f6Sr6SI0Zd50jkFRXKZnGnVwEIkQi7L6FITOo6QGSjGYKjMAZeWPuP"
    "JEl0C05FFvMH5Ed6668k7cippE3zSD4x5XwtNF2KJ5xA7CIHBJjY6DW4ZuJJXDRhALpC8x"
    "0+95EjVN54jo62tXSKF9RUU2RIeqecPhmdNfGEGp1Ve0KJtnr9tFg9WoBH/Xtnr3szaiTO"
    "1Uhz5VNf/I3pnfyyVEb11uBgonYpq7QCJP2N9b5oBIhZua4hIEu3H2PAPtnyodsCthIL89"
    "tzeWHcEjSm/J+m7rKbutq96Mbc1Fs2I440yPC0nZCdeMGqBOysi2yNcO1ku62Vq2+FQxx0"
    "XekPpxJlPwgJNByRoyAFVyH00iUB4gFl9nzMylL0rgaWMvMMQQf5XJ6FPpeZpWAuZeUArq"
    "SbnhSMj4THhxjng/wp/T/4oFyCl74XXP4GR5AxNPe4JG1TLulKif4rCQVkHIrefLa5eMwo"
    "eEBgSX3xgxJOyZ9TKAKSZxAuJKlL7ysASbDkj8hFbx/BgBL5QsvZ6isRIjOSVIRL2NVOJY"
    "VEWxlwSi4mXxRJpH1kI04QhY/INFjpAUvRWLhknEpeNh1Wdrq1RMscWQ/VKK1kR0BPmiJ8"
    "QtBDhHcvvkf8Wkf7miExiZm2UMCKba+M+wUm0F9VmBsiigLsDysWHqn6A/hFhGECOMf74v"
    "rm/O7v6gD7CwXmF38fX50XPdaSfbYpO0kpeshPdp8IKxLbNBQCGYr9qQRO2oJ3xyqBWJbV"
    "4c9ZGsOgt2DQ4fGgDH1dJpSYog+qw/3nP8mec0qwr0t7UiA2brGdU4VlJ3uCCQ5mG052id"
    "iktunyXL94Ba6ufch7rhBQ0FflwdfPuVDISH9g2DfVJpeXXqfKBnyUlspfKX0cqFXQSfNw"
    "jRJadLRmcc8G/h1hvkMQ+SGH+t0o/z+AJKttjWq0ZgP3hOY4rOYaFWxVuXW0cAelIreQZ9"
    "oUfu2gutVUHzB1BA8dZlNHcE91BB90rTIlwh7CbbIm7hv+w8ydZ8o2moN7ZS40Tb5apuwh"
    "Y91HtsTaCjr6Z/d+pqQbFs7u5dXXqbN7dhJUh/fCJNWc3guro0lGH+niREBGvSHOyeHpWv"
    "pThfnVpLMWX04+P03DqBlIBylVJp/tB5XeYyKDvxXYM+Qs3GiTiLyzpNtXAOI2OfpCeKbF"
    "VyzPpxyU+ZFwNZP+XGGKOL7jADHOVzKHjnDskpEcjX27jErgJUu4Ga3Ay2gFBDoa4Mb9ew"
    "ju7o+q/O7TKfKtwEN2GeRqs36Rzpj2tzDt247lYQ+5mCBrBeeKcic1KgMFbR9X/vGoCWMR"
    "3apXv2wsJg0Tun0tj5YMiVn1Wzm0BHThq3KhVGOfpTHgbwG+y6EJmLVBmG2Zsg/eRa2F2+"
    "a85wKlzbvSGTFDYZwRi86IitOZrgKwYoi9aAFN0OJmSsDiCbs859UOkSraPjCvfbtGGg8q"
    "40HVGez350FVTOcg3ZS2L2CTdY3qCfbtFh25Jk+YwehZy/rqTPOwVl2N8x0b+Jp5LrQRwA"
    "RAwBCcR8HEcdL4OVwBBh9RhRcYP6KLnD1r3c3auYlSvZytz7gI+FWjW+6Wu9km1Te3LrrZ"
    "NS7TtoKZ8wa9uvJR/x6C24KC2fj07WMNy71sE5ezEmEPV7VxOTMuZ7tyOUPPHuajbTTzRd"
    "oezvyBzHQjVZOQiDW5aYakD4qlPes15BGkhLa+QuNzNM5hgd1UkZFZY53yI/tEp5ezBVFH"
    "gCWNw9ojuUunlp30a3Iix4gflmWusIAhjx99+RAyxe6ccwO+ZMFv+OKDOBajIMylJZPfIg"
    "dMfDoHJ+KcjaA9k9TK0/hObyD8ykRZUYae43zAosOR+H00BNTPpB2TDR6fG+Qc8cO+HWYP"
    "E8MUshArj/Zxhj5Vpbkv2eR0YkBLNopf0idavIxmZq8LPK00Yyn5ocKCFS327srwoQXrp9"
    "HozZv3o+M3785O375/f3p2nJiyyk11Nq2L61+EWSvHLWM718EWJ20f/51ZEPMrvymgOSKD"
    "qwLXCfZjJtIc1zyRwVWBa8qbm8OaozGoKrkAP6wqzMh1Sbhiih7qSlrQAJpqkn09IQuxtT"
    "y11Q4Ycf9efDf79roIjwIq0bs6R2NKs2GWxm6ekZXSdEtJGrtQiaRbO8SunCNrNEHq/PL6"
    "mqBNM8x3Y5nvOMf8/lRBt/50oNICievDWgUQjXo0SkAvNGGvAuCL8koEiDJEwmHiNRjzf3"
    "9cYgeBJ+guUBBqWngHqUG5/ePm6i4kU6ef382wSq1MrOFUBvL9NUjxjXoMpdFA6IP4ayfA"
    "J/pS7DxbwtxPlyQcN17/n2+u//uz3PL5jutDcQn88evV3RUQxmvwH+BV+LjhCjEeHi8aPc"
    "hmmH9xHvQVslRNBFaOytQe3DwW4gVjgL5z5E3crHFrOkylRvaxShhXH4ALZH2wEe89+MDF"
    "UMGrqzFPCAza+mi7dEp1wI77G6z1sX4Bf5Nus+2+OZx0De1tPU7uru7Hd9eX42ZBM5kAnG"
    "2DZvoZsdRu1Mx9qEQYqPQycduwVjcTZHo1SczMvyHk/IiJVKgINYlQpTgoLOK3YSrmXYy5"
    "RVlqoxTZGVse1mlETNBAe7BnOHKY0VwH4wxJ78p+7x7gkDHp4JtS9A7e0XETXSrvVV2Q8f"
    "jYBGKYQIzO5v41s2/CcLox8wcy010Nw+nadBq1SBfO58MDCcS5Z8gbKI/5omFYf8aPuzRy"
    "wBDW5zA2RniifAiDU45BgMS5W4S58KtgoYir0SWuDXEJvfHLQS6p81tUNtcUq6+3kr1t5O"
    "zwtsbZ4e1aZwfdeAsTalHnvK42oFebZ3plQN+3fcaU686xizejBtzizaiSWYimEsD+pof5"
    "Iq0p5dJlmd7U2/1+5ho9Y8Znz9EJW8vRbLTzd2xCd73xI9+nijNa9c6fEBjPDP2dny6Yt9"
    "DzEM2QGA/RzT1E+esTW6JTwv6CUhdBUmELzNIVY584YVvSV3Jlz8FPt7efcthfXBeX9eff"
    "L6746U1OBO+EQ12FIsqYTq0kOqwYaVad5CFHtr+z2nG7/HovuR4ahPjVLfXqGD+zzmvWuY"
    "nrM3F9L7R7Hmxcn4RdpVmO56NGsxxPfTPNcphhW604zrRVFc2TamEHzT3KELFX1iNaKRTE"
    "vGOEMiJPSc7cnFsAp8n2K7elKp5iWy6cr8Gt5COvC/kTEX9ydSwhZgKTYRr0J0cvhPuFjy"
    "cC/jxEHE7wCpzffAQ+8qhQl/AGOQmDb+uft0kwonw0LnplH6s6FjF9OE5Cah7O6O33VK2m"
    "Wm+fXbZN8c7S9HDDbKHUYVRVz4Mrl0LF2l5fkC9Das6dW8SEGl1/27p+5OmF3MYEpu7bFu"
    "vawYEHmT2TaQP0dk8FaR90ia0F/JfZusRJA/EiXQ8Zi0nN3h2Gc3CWpYXnbDzVRVoz1Z2e"
    "6rDs6yb1SsuUPdy12qhXGiw85AfI2aSqiIrWwN4Idh9NykhX23Wj7n0Ad99W3QcfElsRYV"
    "gNdkph8NbHm8GpDthRd4O0PtI2nc+xIptYNcNOKfqAd9tnjDkKAjjV8rzNkPQB4X2vaA97"
    "SJ36vBryLI3BfAPMXagfhJ8j6gPqbfOSMJWg9cTlZXVmlHVZCHOkRue/uW4UE7WTXzWHSS"
    "n6sNL3zV/Qs3ADKMFd6+yU0BhfJw1fpyVmM6syzWkt4EXSPeIeW9QPFvbYkUET8iyZWeYa"
    "eBc9fjTEFgVpH1j6HvRVWeR0hUUVbf9gb0FmNIFy34ndwwTKfT9z7SMb4SeVuFAZdZEl6U"
    "3Qxe6i4/nBzdKrl5kl2R+gJwcCKBdMVQaT6jDOuL9Zm6UjGfUfVVl2qoWllMKISOtFJH68"
    "CpC1TZow9QhmC+3yFmqLuCHX8hFHNtA/eavIzQlc4wSeAAgDvcIYJcI+8Li9G9h5KxIloR"
    "DRMv4W6fqAfX5/OT1tsL+cnlbuL6KpkDs5CZBqinJKYfx49XMSRkF92waO9rNywLAQP5ou"
    "Nd3w0Qwrny3I47aFGj7R6aUYp0dYl6JYLJ8ut8UpzszYR4zQEyJKs5MOQCLA+OoJHWTSv0"
    "qUtGK1i95dVlWIWozrLUFjyv9pgO6lHPE+GfCwtvpafHXD28NFVhXjnizBNYHuFko6Ngp3"
    "5539VZoM9VUA/pcufALdD2EqVC43y1YCwrxCYenZQNSnFTVOXDoFkl+rA+Z3OnptKlahOS"
    "vG2WsFb9elmFEKTwpVUrQ86zjCy0Zv7zG3THVAt55edO8q0fbx35kq75G/h85BIO7fw2PA"
    "7gttbqK5MzFdB6Gsk8Kzbj7oPJFJDfnCOaE7huW+NW57TxPRMbzbzhJhcsea3LEHziJMnk"
    "GTZ/CF1vjh5hmc+ZQxCa1CDxM3DuvVMNlua5Uwv9IloBOGCAjoHLEZRxcsYcBRw8gBAebL"
    "ROpClnxGedcHNIUk1J48ohVgyHUDQOgDdVZgOYOK2rVt3GCLQraa7tHbuER3TPmy51K2Nl"
    "2ojLGV0kvS36haVKLLwZX92+faPnTlQGlDf6HtR9atU209cUG7mm0nrp3XpEK6yJFCCefn"
    "VBY2Fwr31+DqxznELogKLaMAQB/J2uVCHR/MoesCvk0zTqoqkL6LIddvK7lUseKNGyeIlT"
    "XzEophbZbYUlJaJF6j+W3C7uvuoWWe+O5yy7a/QWYXQ1OwszQG8grIM7tm/CE0xTch2MmB"
    "v0PYjk6bgMt7VdcgPy3BC5/42tZSqKQURqOyQV4KGARL6ivYc00ukAyNwVwf8ylms8WDxV"
    "+fEr2NsUzZN6aye4bNMUNoQ7DzhAbrdVibfLH18PNXdG6Juxokrn2HcMaMVug2R8ys7zHm"
    "p6FHpMrOo+XFeO7hsRjnANdBI1dPTJ4wkyBsi9R1MtLB7s31UFF/ui1Gt/60rwspiA/32y"
    "F0Hw7TJ5RaVXx9RJ6PZNnEz4Ha+JLvMaxVhTlJX6GP0bXDQGBD10U+4LSO8E1FLpojIj1V"
    "hVkksGf8mPoBHIXdjgAOhH+rYK9D/odQEQDqg39NRSjfv+oMMju+01fylVwz4Urr4icUhC"
    "62ojMf2pG/JAVmkVWHToZgQRh2Y/vODAbho/AuEz6wS8m0oWLuyyB8RqnjCt8iLFPlwoBF"
    "lamMwqvWh+W4SQEI3qvai+X4eK1RKJmkpminFD30CDhrAvlZNeJnpYob8drXQDhD0kOIR4"
    "2W9ahmWY+OSyhPsB9zFc2DU56yh8emAzkmNfLTTfcOzVnOEZpJ7vQkV/gp1MXj9NJVYQ9R"
    "OV0xc58jH9szpZgfNdXL9zDttE6ur56FLXyYVPLq9xI8tqVHTbVoGiWT1pGcMiR9lJwa5Y"
    "4Y1SSPGCmzR+ggHHXvIbonjeTSkxq59KQsl/I7MqX0X51KPUNi6ktq5lB/0f3s2/8D6HXY"
    "Lw=="
)
