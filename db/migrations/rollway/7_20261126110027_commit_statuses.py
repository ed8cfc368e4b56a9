from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
CREATE TABLE IF NOT EXISTS "commit_status" (
    "told" VARCHAR(32) NOT NULL,
    "deployment" VARCHAR(64),
    "tries" INT NOT NULL,
    "due_time" TIMESTAMP NOT NULL,
    "task_id" VARCHAR(128) NOT NULL PRIMARY KEY REFERENCES "task" ("id") ON DELETE CASCADE
) /* A task whose commit shows how it stands, at its Git hosting service, until that has ended. */;
CREATE INDEX IF NOT EXISTS "idx_commit_stat_due_tim_22dae4" ON "commit_status" ("due_time");
""",
    "postgres": """
CREATE TABLE IF NOT EXISTS "commit_status" (
    "told" VARCHAR(32) NOT NULL,
    "deployment" VARCHAR(64),
    "tries" INT NOT NULL,
    "due_time" TIMESTAMPTZ NOT NULL,
    "task_id" VARCHAR(128) NOT NULL PRIMARY KEY REFERENCES "task" ("id") ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS "idx_commit_stat_due_tim_22dae4" ON "commit_status" ("due_time");
COMMENT ON TABLE "commit_status" IS 'A task whose commit shows how it stands, at its Git hosting service, until that has ended.';
""",
}

DOWNGRADE = {
    "sqlite": """
DROP TABLE IF EXISTS "commit_status";
""",
    "postgres": """
DROP TABLE IF EXISTS "commit_status";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


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
    "QhCzjiHKiDzFOXMzbgFMJt2v2JZQPPm2TDif5KPqBPeJhcBMGYHkxti+4F14dB8TIQyxV+"
    "D85gNwkUM5N8IaBOI66K+16i/lPHh6xdXFOy3Tww2ogdKBYZU6B65tCiVre3OBu5SoPsft"
    "EGOpufOmuXPkqIWwRgK6jtoO69rCngN9cy7C8NV2T4loH7i5xgLoi2pd4KSAeF6uh4pFpz"
    "rvjsI5uJuapWNtPdV5WT3VnZ7qoIzqNvU/i5I93LWaqP/pLR3kesjapkqHTFbDXgt2Fz0U"
    "kS6/Jw279wHctm9Jpy4kpiRirxzsRELjrY63D2cqYIfdNdLqSJt0scCS7FzlCjuR6APeTZ"
    "8xFsjz4EzJkzUl0geE217RDnaQPJV4OeRpGY35FpjbUD2oPSPUB9Sb1iVBaj7jidnL8kwj"
    "m7L6ZUQ15789N4qJ3GmuXMMkEn1Y6W3rF/TMr9ULcFc6D8Uy2ndIwXdohf25UZo2tBLwvG"
    "iLuEc36gcLe+TIoAh5WkwvcwW88x40CmaLRLQPKr0FviqNnKqxKJPtH+wN2Iw68Ow7uffQ"
    "gWffz1y7yET4SWYulEYxpEV6E8Swv2hzdnAz1OpPpkXaA/T4QABlhqnswqQ8LDLqr9dm4U"
    "hG3UdZ1ppyYymR0CbSZhOJHa88ZOySdks+gt5Cu7yFmjwOxzZcxJD11E/eMnF9Alc4gccA"
    "Qk+t0ERBsA86rm1CNQnaqbunJBLat1Q971wYuLVrcGA/s8MPczGCyVJTDRFMqZf5kjzumo"
    "z/E51d8nF6hHUhssJw6WpXnKLse33ECD0hIr0KUQGIB5Fe8YH6hJJSPG7e48goC5uKcL0l"
    "aELZf2qgeylGvI8HPMitX46vaghzsMjK4pjjJbghmNlAccdaIc2ss7tOEl6+8sC/6dIl0H"
    "4fpLtktpxoJSDIHROUF/V4DVJex8KmMyD0tTwoeq+jV6bb5GxOPpZaKaC4Ko2I1HiS0Bvh"
    "8qzSCC8bUdxi/pDyIGM1rq51mq55/PdGLz2y76FyEIj69/AYsP9iituwSTrO6CAIJGE8q+"
    "b8zQrp9H8vnPe3Y1i2zQK1nrqgY3g3nblA5wfV+UEPXEXoXHI6l9wLrfHDzSU3d6nvC2gl"
    "PEzUOKymYdLdNpIwH+kK0AcfEeDRBfLnDF2wgh5DDSMLeJgtE8GFrNiMsq5TNIMkYE8e0R"
    "r4yLY9QOiUWmuwmkNJfdImPmCHYqWKLru7uOl2jHxpuVypSZdEEnhRar3E/TXVIjNdDq60"
    "W5tr+9DJgcKG/kLbj6hNJtt6oqJlFdtOVB+tThVsnreDEqbPqShezQn31+DqxwXENgiL6S"
    "IPQBeJ+tScjvcW0LYB26Z9Jiorgr2PITdvK5n0pfwb105aKuqixRLDysylg2+5RKmIf436"
    "HxN03/QZStcT312+0+Y3yPRiqAt2WkZDXgJ5ateMfgh18Y0F9nLg7xC249M64LJe5XWmT4"
    "ul0p/Y2lYiVBIJzahskSsBet6KuhL1XJGfIiWjMVfHfIb9+XJqsK9PidrGWJTsm1LZv8Jm"
    "mCG0JdhZQY31Jqx1DtPvqU68whEz7XuM2WnoEckyxih5MZ47eMLHOcB1UMvVE5Mn7AsQdk"
    "XqOh7pYPfmaqioO9sVo1t31teF5EWH+90Qug+G6RNKjRJf58jF5nwgo77CpmEl+QWTTpvo"
    "r3IkdrjVkBlL34s76Y4cezlBE6Y8UzFDUyI9vMAen57WIhFOK0iE0wKJIItvqgwm6ym6x6"
    "NaVSFGFVUhRoWqEOwTfSS7hytP+JcS0VVQFDP9vehFzrf/AliKWh8="
)
