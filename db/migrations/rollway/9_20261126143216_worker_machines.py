from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
CREATE TABLE IF NOT EXISTS "worker_machine" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "org_name" VARCHAR(64),
    "labels" JSON NOT NULL,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "token_expires_time" TIMESTAMP NOT NULL,
    "credential_hash" VARCHAR(64) UNIQUE,
    "prefix" VARCHAR(16),
    "session" VARCHAR(64),
    "version" VARCHAR(64),
    "slots" INT,
    "created_by_id" VARCHAR(64),
    "created_time" TIMESTAMP NOT NULL,
    "last_seen_time" TIMESTAMP,
    CONSTRAINT "uid_worker_mach_org_nam_6616d9" UNIQUE ("org_name", "name")
) /* A worker elsewhere that speaks HTTP: of one team, or of all where *org_name* is null. */;
""",
    "postgres": """
CREATE TABLE IF NOT EXISTS "worker_machine" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "org_name" VARCHAR(64),
    "labels" JSONB NOT NULL,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "token_expires_time" TIMESTAMPTZ NOT NULL,
    "credential_hash" VARCHAR(64) UNIQUE,
    "prefix" VARCHAR(16),
    "session" VARCHAR(64),
    "version" VARCHAR(64),
    "slots" INT,
    "created_by_id" VARCHAR(64),
    "created_time" TIMESTAMPTZ NOT NULL,
    "last_seen_time" TIMESTAMPTZ,
    CONSTRAINT "uid_worker_mach_org_nam_6616d9" UNIQUE ("org_name", "name")
);
COMMENT ON TABLE "worker_machine" IS 'A worker elsewhere that speaks HTTP: of one team, or of all where *org_name* is null.';
""",
}

DOWNGRADE = {
    "sqlite": """
DROP TABLE IF EXISTS "worker_machine";
""",
    "postgres": """
DROP TABLE IF EXISTS "worker_machine";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXV1z2ziW/SsovaTXpU45SpykJ7UPtuPueDuxZ21lMzPJFAciYYlrClCTlGVVT/774I"
    "LfJEgRoihTDF4Si8AFyQMQuDj3A38OXOY4K7x+frqwx+ye0MFf0J8DiueE/1EsHKIBXixS"
    "RXDFxxNHVMcL2/DjehPPd7Hp84I77HiEX7KIZ7r2wrcZ3GZwipYecZ95SMigO+YijObYnN"
    "mUvEOMOmtk+x6aYW+GbA/dk4U/RJha4uqETG1KbTrl0uieshW/iibr53Bri5n83rys1bss"
    "qf3HkvAXnhJ/Rlx+r69fB3AvKBQI/vOf/C+bWuSReFAMPxf3xp1NHCuDs22BjLhu+OuFuH"
    "Y+w+6voia80cQwmbOc06T2Yu3PGI2r8xeGq1NCiYt9YqVgp0vHCbsouhQ8O7/gu0sSP6SV"
    "XLDIHV460HkgHTxBcm1gGFfXY+P2YmwYg0LHRhKpXggvmYzCoLCp74n3n+NHwyF06s/4z9"
    "evvgf3SXAIasEN/+/05vzD6c1Pr1/9F9yQ8ZEVjLmrsGQkir6LJrCPg0YE6gnM4n8FoKP6"
    "u4E6upBgnXwXBwt2Aq5nMmijAO//3F5fyeFNJHIAW7bpo38jx/b8AwS6AljAAlqee94fTh"
    "rQnz6d/i2P9fnH6zMBDvP8qStaEQ2c5YBn7tRQHdlpma1GdzhNdAXztgc3X/Qc28TwWIba"
    "ZF2U1HhvxpvQB+UxnZbRGG/GWOhDBug9KihnpbQSshHmhUvu7EcViBOJHioeL17XAPjF61"
    "KAoSgLsOkSAMPwbdl88Z6XQYkc6rxsXhEJhZ9Hfxwi/PwVrWu+zQm/qwr4x5efLm7Hp5/+"
    "mtFR3p+OL6BkJK6uc1d/yndV3Aj6cjn+gOAn+sf11UVelYnrjf8xgGfCS58ZfIdlYCs1BU"
    "RXI9QyPe9gzzf4jmu7vi9K76D3O7aGHEhnR5hU9jZ5XNi8ua36Oi+re7rLPQ0kiqKanRLp"
    "4aK5G60E6Ke7eykzEtFWWbh/ZS6xp/R3shagX/InxNSUfUARUfg5bOfA0P4eDafoavJ9u3"
    "gVE3bpUcZf3iIO8YNxeXp7fvr+YiAgnmDzfoVdy8hgDSVsxHJX4rrFovlonr+CKZ4KcOAt"
    "4JkTfjbeZA7k/G1SPtxA4WZr1iBxXcK/f9tn7hr5M+wjjHyC58giC4etPRkhW0NCSq6yFR"
    "9VBnOnCcM6RF+5vswebCsYeNA09JCmXjX12pnppe0tJrB5auM4keghwC9eH9faYx5XbDKP"
    "8xinn6wA9Jg8+nKgc2J94KWqNM2Lv42r+e1Y0fx4ffVbVD1Pehe4QNtldE6or2JdyIlpE0"
    "MDE0N6ha3PYiUyvZxkds1jCdVFqDgqMGelegj06OSkBtK8VinUokyCtdqSmRLRKCugrKr5"
    "ZYQ00gpIL11HRTVJy/QC530rJgLAFZnMGLs3PGK6RKKgbMC/KK5VxIY9QTniW/dDJKx7oW"
    "EvbDMZ5WR1HzTsg8nSW29lLilvRRtOumw44a9FvbuAI1VWvKTCffgG26bftAPCj+qAsFxY"
    "W/d8Xlb3fFd6XjLVhk+fotwjU5Qq8Z6T68XGqyX6vcJenbEENjVaXwfNHBjodW3W+RGXMV"
    "zf8O/g5vJ8XGW5TttAHPuBuLbMzf8slP319xvi4BJ7R4T4+6ChdY9gLzNZNIXqImvG6CNa"
    "Pvbum8I05m30CZ923UWWlu3zNcou8RZJiofVziJQ0TDjmhudRcYzggi1ELtDjBIkJOGHaI"
    "iX+DC3BNF3Pq/qMPMeilcz3qN8vhAXAyGfOI7Hy4ruJS3dQ+KQol1MFLSCt3WUgrflOsHb"
    "400uJh75o4jzJS0hnMLaOZzt9mbZ47ZgnsIT/Dx68erNq7cvX796y6uIp4yvvKlA/vJqnN"
    "vNqgaE7DYUpA6Sg8FeRmxLTpdP5SII098Fn/3W5XN+UFxnzidxzY1z/hfw8PPYnEyYtUaW"
    "bb1L4q1NxmdcT0y5osV4VhalfFaGv2EWn5A7rtYXJ/tdNy51O4wXOJgz8o6Ffw6SHoC5G4"
    "rJ44LvND0OQNwxcSBhAp/BUeYLlQEh6ALi8MsZiBY4quLHd72sVH2kv9Rxw/il3A3jl9eb"
    "lpW49+siHQv0cG+/q1X8YFbtNpHd8cK9DQnZY/LxcMnGIs/MF1imGhGTltFWnBoh/oCXMs"
    "A9ned3D++DjVXADatraOuMXMsCdVNp7CYiGuIaEFvkwTaVrOmJRA8BHh3X0QN5rXIfxuOC"
    "JsjnU2lwReUM3CSuotsYt5DwA7tTmYtihUtILNFDgF+O6gxiXqsUYlGWxTjgEooYl8epJB"
    "KNQlQ6pq3tO0IF3/myuIly2GMBjfr2qHefKz6w6borbPE5m89t/9bH/jJ4izxfnKkwrGSM"
    "TVHV8JK6NYLKwSaMVjPmERTII2/GVh6aBSk4wafDAiueL/je3/glXteHRJ0ecUHzGqIl9W"
    "0nCDDn4w5sgsSSRaO3datv9Bs98pljHUFeUSCb4U7PPBQgEVRfYUhM6lgIstEM0VEQAw/W"
    "/iMhEt6CS9HlfELckLf+RpOKXErYNI/EEzM+rwWmS3jCO2w7xEKeTU3yHF368CQOufMRdo"
    "D5Dp77yALK256To6aWTnhBRZoiJdI7cvrF6G0dT6jR23JPKCir5qdh9CgBHtbvnb3u5aiW"
    "OlehzRV3fdE3prbzS0tp6q3GxkTuUlZqBYjra+t93ggQTeWqhoC03H6MAfuclg/dFtBILc"
    "wuz8WBcU3JmPF/6rrLbutq96QLc11v2ZQ6UiPDUzMlO/aClSnYaRfZCuXaSlfbqFdfg0Mc"
    "dhzhDydTZd+BBhq0yFEQiisovWxFETygyJ5v+0UtelcNC515RrBFXK7PYpfrzEIxF7qyh9"
    "fCTU8oxkfg8QHtvBM/hf8Hb5Rr8ML3guvf6Aj7PpkvuCZtMq7pCo3+Gw0UZDtQvXlvc/XY"
    "Z2hC0Iq58INRLsmfE4iA+BnAhSRx6X2GMPVW/BG56u0S7DEqXmg1W3+joDITIUW5hl3uVJ"
    "JLtJUCp+Bi8lWSRNolJuECYfiISIOVbLAkhblL2qnkadNhpbtbSbXMiPWQRmklOwJ5UFTh"
    "Y4EeIrx79T2cr1XY15SITszUgICFZa+I+5lNsbsuMTeEEjnYJ2s/2FL1B/CzEMMYcI732e"
    "XV6c3f5QH2ZxLMz/4+vjjNe6zF62zd6SSR6OF8svtEWKHapkAIpCT2Rwm8aAveHVMCkS6r"
    "Mj+nZfQE3WCCDrYHReirMqFEEn2gDvef/yS9zynAvintSU5Yu8V2jgpLd/adTW1vtmVnF4"
    "R1apsu9/WTn8DVtQ95zycE5PiqLPjqORdyGekPDPu6bHJx6HXq2ID3wlL5gbH7gZyCjouH"
    "G0hoqGjMopo1/DuCfIco9EMO+N0w/z/CNM22hme0pgP3gDkOTnMND2yVuXW0cAcpkZvLM6"
    "0Pfu0g3apPH9DnCB46zPocwT2dIzhRtcoUBHsIt86auG/4DzN3nj62UW/cS3OhKc6rRcke"
    "Tqz7yJZYeYKO+t69nynphrm9e3H0dWrvnu4E2eY910kVu/fc6KiT0Ue4OFGUojdgnxzsro"
    "U/VZBfTThr8eHk8t00DouRcJCSZfJp3qjwHoMM/oZnzoi1dMJFIvTOEm5fHorKROtL8EyL"
    "rhgLl3FQ5kfgaib8uYIUcXzFQdDONzrHFjh2iUiO2r5dmhJ4yiPcNCvwNKwAoKMAblS/h+"
    "DufqvK7z6dEtfwFsQsglxu1s/LadN+A9O+aRkLe0EcmxJjjeeS404qKAOJbB9H/vGozsQC"
    "1cpHvyjMJw0Dbl/JoyUlokd9I4cWjy1dWS6UcuzTMhr8BuA7HBrPN7YIsy1K9sG7qLVw24"
    "z3nCe1eZc6I6YktDNi3hlRsjtTJQBLmtgLC6iDFrcjAfM77GKflztEymT7MHnt2zVSe1Bp"
    "D6rOYL8/D6p8OgfhptT8AJu0a1RPsG/30JFL+mD7OHzWIl+dKh5W0tV2tmINX7OFg02CbI"
    "ow8gmeh8HEUdL4OV4jH9+TEi8wvkWHnD0b3c3auYmUXk6fz7j0+FXNLXfL3Wyb0zcbH7rZ"
    "tVmmbYKZzw1q58qH9XsIbgsEs/bp28cYFmvZNi5nBcEejmrtcqZdznblckYeFzZvbauez8"
    "v2sOcPpKdrUU2gESvOpimRPhBLe+Y1xBakgLY6ofE5bOewwK5LZKTGWKf8yD6y6flsSeUR"
    "YHHhsHJL7rCpYcb16uzIbcI3yyJXmOeTBd/68iZEit05nw34kEW/22fvYFtMvCCXlkh+Sy"
    "x057I5egH7bILNmZCW7sZ3egPwK4NjRX3yGOUDhgpH8PtoiJibSjsmCha8b4h1xDf7ZpA9"
    "DJrJZSGWbu2jDH2yk+a+ppPTQYOGKIRfwicaXkYxs9eZPS01Y0nnQ4kFKxzs3dXhAwvWL6"
    "PRy5dvRscvX789efXmzcnb49iUVSyqsmmdXf4GZq3MbBnZuQ72cNL28d+ZBTE78usCmhHS"
    "uEpwvbPdaBKpj2tWSOMqwTWZm+vDmpHRqEpnAb5ZlZiRq5JwRRI95EpaYAD1aZJ93SGD2l"
    "rs2nIHjKh+L76bfXtdBFsBmepdnqMxkdkyS2M398hSbbqlJI1dOImkWyvErpwjK5ggeX55"
    "dSZo2wzz3RjmO84xvz8q6NqdDmQsEFwfVhJALKxRKwE9MGHPPOTC8UoUwTFE4DDxHI35vz"
    "+vbIugB+wsiRcwLbyCYFCuv1xd3ARi8vTzu2lWyspEDKc0kO/PQYJvWGMojAbAB/HXjoGP"
    "+VLbejTA3M9WNGg3Gv+fry7/97NY8vmK62K4hL58uLi5QGC8Rv+NngWPG4wQ7eHxpNGD/s"
    "zmX9wCuxJdqiICKyOlzx7cPhbiCWOAfnDkddysdms6TFIj/VgFjMs3wDmxPtiI9x584NhY"
    "MleXYx4LaLTV0XbYlKmAHdXXWKtj/QT+Jt2etvvmcNI1tJt6nNxc3I5vLs/H9YJmUgE4TY"
    "Nm+hmx1G7UzG1AIgxkvExUNqzkZrxUrTqJmfk3RKyfbSoIFaBJgEqxSHCI35apmHfRZoNj"
    "qTUpsrNpeVjFiOiggfZgT83IQUZzFYxTIr079nv3AAcTkwq+iUTv4B0d1+FSea3yAxmPj3"
    "Ughg7E6GzuX937OgynGz1/ID3d1TCcrnWnpkW6sD8fHkggzq1PFgPpNh8KhtV7/KhKLQcM"
    "sD4HsTHgifIuCE45Rh6BfTeEufCraCmJq1EVrgxxCbzxi0EuifNbeGyuPqy+2kr2qpazw6"
    "sKZ4dXG50dVOMtdKhFlfO63IBebp7plQF93/YZfVx3Zrp4OaoxW7wclU4WUFQA2N12M5+X"
    "1Ue5dFmn1+ft/jh9TR5tn/eepRK2lpHZauXvWIfueuEnrsske7TylT8W0J4Z6is/W/qLpZ"
    "qHaEpEe4hu7yHKX5+aAp0C9meMOQTTEltgWi4f+8QF29K+4it7Dn66vv6Ywf7sMj+sP386"
    "u+C7N9ERvJIdcBWSKGM2NeLosHykWXmSh4zY/vZqx+3O13vJ9VAjxK9qqJfH+OlxXjHOdV"
    "yfjut7otXzYOP6BOwyZjnqjwpmOer6esxykGFbThynysoOzRO0sEXmC+YTaq6Ne7KWEMS8"
    "YogyoQ9xztyMWwCXSdcrliUUT74sE84nuVWd4D4xELgqI5DcGNsXPAtE93ERyhF7hk6v3i"
    "OXLBhwI7xAIK6D/vZ2+ks5D54ecXXxTsv0cAFq4ejA8JS6BV47DEvG9uYD7lKieh/XIMZS"
    "c+dtc+dkoRbCGgnoc9QajGvL9hbYN2ciDF9t9ZSI9oGbay2AvjitC5wUEM/L9XBi0anOuz"
    "PhHJylZrmwtu7qvKzu6k53dXCM6jbnfxYle7hqtXH+p7dcENcj1jandMhkNey1YHfJXRHp"
    "cjtpWL0P4O7bSjpxMTUlEXvlYCcSGm91vH08VQE7rK6RVkfaZPO5LcnOVT5hJxJ9wLvtPc"
    "aceB6eKnmypkT6gPC+R/TCXhB5KvFyyNMyGvMtMHewelB7RqgPqLc9lwSp+YwHri/LM41s"
    "yuqXEdWc//bcqE3lTnPlM0wi0YeRvu/5hTyCWb0Ad6XzUCyjfYcUfIdWtj8zStOGVgKeF9"
    "0j7pFF/WBhjxwZFCFPi+lhroB33oNGQW2RiPZhSt8DX5VGTlVZlMn2D/YWdEYdePaD2D10"
    "4NmP09cuMYn9IFMXSqMY0iK9CWLYXbQ537gZaudPpkX2B+iLAwGUK6Yyg0l5WGRUX4/Nwp"
    "aMufeyrDXlylIioVWkzSoS3155xGiSdkvegl5Cu7yEmhCH4xgu4ch66jtvmbjegSvswGMA"
    "sad20ERBsA9z3N4N7LyUwBFLhCoZf/NyfcA+u76cnNRYX05OStcXKMrlIo4DpOqinEhoP1"
    "71HH9hkFzTQMx+ZuIf5uIxk6GmGo6ZmspnS3rf9OCDj2x6Du30COtCFIvhslVTnKJMh33E"
    "iDwQKjU7qQAEAbsXD+Qgk+iVoqQU+5z37jLKQtQiXK8pGTP+Tw10z0WLt3GDh7XUV+KrGi"
    "4eDLKymPF4CG4IHDdIXLFW+Div7K6T5KLPPPT/bOlS7LwLUotyvVmUUhTk6QmOcvXgvFc4"
    "M8RhUyTma3kA+k5br0xtCsxZPm5dKXi7KmWLVHmSUEnh8KyaEZ42enuPuVrKA7rVeNG9U6"
    "Lt478zKu+ev4fKRiCq38NtwO4PrtyGudMxXQdB1gnlWTW/clZIp1p84hzLHcNy34zb3tNE"
    "dAzvtrNE6FysOhfrgU8ROm+fztv3RGP8cPP2zVzm+wJaCQ8TFQ6raZh0tY0kzAe2QuzOJx"
    "R5bE78GUcXrbDHUbOJhTybDxPBhax4j/KqEzLFNGBP7ska+cRxPETZhFlrtJphyVmwbdyg"
    "wcGwiu7RTVyiO0a+7PloWJMtZcbYUu0lrq+pFpnqcnDH6O1zbB86OVBY0J9o+RHnwMmWnu"
    "iAuIplJzqLrs6J45AjhVE+nzNxUDgQ7s/Rxc9zbDsoPLiYeAi7RJwFDnS8N8eOg/gy7XNR"
    "2YHju2hy87KSSRULb1w7Qaw4gy6WGFZmiR18zyWlJfAa9W8TVN90DyXzxA+XW7b9BTI9GO"
    "qCnZbRkJdAnlo1ow+hLr6xwE42/B3CdnRSB1xeq/xM75PisfQPfGwrESqJhGZUtshLgT1v"
    "xVzJ9FyRCyQlozFXx3xq+7PlxOCvz6jawliU7NuksvsJm2NGyJZgZwU11puw1vliq+Hnr2"
    "hdU2c9iF37DmGPGY7QJlvMtO+xzXdD90SWnUfJi/F0YY+hnQMcB7VcPW36YPsChKZIXcYt"
    "HezaXA0Vc6dNMbp2p30dSF60uW+G0G3QTJ9QapX4+iJCTD9hcwZp82QMWLbGsJIKCwJWjX"
    "mqcg1SLJBChBevZsQlyJ9hH3kLgu899GE8/utfwFeVUfBbxfMhYq7wXXUcFFQ/guMJ4LGP"
    "kO2JN5TxZC3c5Rv9Rq/vhBHHJVMb3hTeComVA2FqiSKuMliE+jZ2eOvOGkHakxQj9xwdhW"
    "NfNAymHjACfaMLl5m8IHhOeHowB62gjsmfilhA5f0L7HnPg1f7V7mzbvToUCEg7pp47GpK"
    "bOeUmCodps9YUtD306O/LsBpmT6wB60H3+MJn1mLCJenskwk9PE+TY4fhrVGOQ1XVkpP2B"
    "vHdwBYE2O0vIUe8gcHwhfUclhPdDflT0wiqqm5TZ/ZwiV3tiQ4oCL7dCzRv2V697E1XrI9"
    "ru2+noj0D+Hdj+AwNbcKwikRjXCNVJgOkwWXl8cPRfV1ZIAkfU9oz1A+76kgqIeutjxpy1"
    "OZIulgD7JM8h3AVonpCtI6KV3Xtg1dcWU9Ja5tzgYyKj8sGlZy+DiptIm7L+/bBnEKsmXo"
    "R0kQ0XBZL+eXn0Ar7dziknMLrJMfblSRIG4kzRCngnBYvYfovjiudab2ccWZ2seFM7X5HX"
    "1pmsNyjjkloklmRZL5Sdez7/8BIbB2AQ=="
)
