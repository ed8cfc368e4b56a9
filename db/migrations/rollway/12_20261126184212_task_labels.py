from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
CREATE TABLE IF NOT EXISTS "local_worker" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "labels" JSON NOT NULL,
    "last_seen_time" TIMESTAMP NOT NULL
) /* A worker that works by the database and takes tasks of all teams, while it is heard of. */;
ALTER TABLE "environment" ADD "runs_on" VARCHAR(512) NOT NULL DEFAULT '';
ALTER TABLE "task" ADD "unconfirmed" INT NOT NULL DEFAULT 0;
ALTER TABLE "task" ADD "runs_on" VARCHAR(512) NOT NULL DEFAULT '';
ALTER TABLE "task" ADD "stranded" INT NOT NULL DEFAULT 0;
""",
    "postgres": """
CREATE TABLE IF NOT EXISTS "local_worker" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "labels" JSONB NOT NULL,
    "last_seen_time" TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE "local_worker" IS 'A worker that works by the database and takes tasks of all teams, while it is heard of.';
ALTER TABLE "environment" ADD "runs_on" VARCHAR(512) NOT NULL DEFAULT '';
ALTER TABLE "task" ADD "stranded" BOOL NOT NULL DEFAULT False;
ALTER TABLE "task" ADD "runs_on" VARCHAR(512) NOT NULL DEFAULT '';
ALTER TABLE "task" ADD "unconfirmed" BOOL NOT NULL DEFAULT False;

-- a queue is named for the labels that its tasks need; its name must not be a channel's then, of
-- which PostgreSQL takes 63 bytes, and which nobody listens to
ALTER TABLE "procrastinate_jobs" ALTER COLUMN "queue_name" TYPE VARCHAR(1024);
ALTER TABLE "procrastinate_jobs" DISABLE TRIGGER "procrastinate_jobs_notify_queue_job_inserted_v1";
ALTER TABLE "procrastinate_jobs" DISABLE TRIGGER "procrastinate_jobs_notify_queue_job_aborted_v1";
""",
}

DOWNGRADE = {
    "sqlite": """
ALTER TABLE "environment" DROP COLUMN "runs_on";
ALTER TABLE "task" DROP COLUMN "unconfirmed";
ALTER TABLE "task" DROP COLUMN "runs_on";
ALTER TABLE "task" DROP COLUMN "stranded";
DROP TABLE IF EXISTS "local_worker";
""",
    "postgres": """
UPDATE "procrastinate_jobs" SET "queue_name" = split_part("queue_name", ':', 1);
ALTER TABLE "procrastinate_jobs" ALTER COLUMN "queue_name" TYPE VARCHAR(128);
ALTER TABLE "procrastinate_jobs" ENABLE TRIGGER "procrastinate_jobs_notify_queue_job_inserted_v1";
ALTER TABLE "procrastinate_jobs" ENABLE TRIGGER "procrastinate_jobs_notify_queue_job_aborted_v1";
ALTER TABLE "environment" DROP COLUMN "runs_on";
ALTER TABLE "task" DROP COLUMN "stranded";
ALTER TABLE "task" DROP COLUMN "runs_on";
ALTER TABLE "task" DROP COLUMN "unconfirmed";
DROP TABLE IF EXISTS "local_worker";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXVt32za2/itYekmPl5plK5e6k3Ue7MRtfNrGcxLlZGaSLhYWIQnHFKASlGWtTv77YI"
    "N3EqQI3UwxeEksAhskP4DAxod9+avnc89b4tXTizkd8jvCen9Df/UYnhH5R7mwj3p4Ps8U"
    "wZUA33qqOp5TJ0jq3YrAx6NAFoyxJ4i85BIx8uk8oBxu07tAC0H8JwIpGTTmPsJohkdTys"
    "grxJm3QjQQaIrFFFGB7sg86CPMXHX1lkwoY5RNpDS6Y3wpr6Lb1VO4tctH8t6ybK93WTD6"
    "54LIF56QYEp8ea/Pn3twLyhUCP7+u/yLMpc8EAHF8HN+54wp8dwcztQFGXXdCVZzde31FP"
    "s/qZrwRrfOiHuLGUtrz1fBlLOkunxhuDohjPg4IG4GdrbwvKiL4kvhs8sLgb8gyUO66QWX"
    "jPHCg84D6fAJ0ms9x3l3M3Q+XA0dp1fq2Fgi0wvRpRFnMCgoC4R6/xl+cDzCJsFU/nz5/G"
    "t4nxSHsBbc8P8u3r9+e/H+u5fP/wtuyOXICsfcu6hkoIq+qiZwgMNGFOopzOp/A6Dj+ruB"
    "Or6QYp1+F0cLdgquGHFoowTv/3y4eaeHN5UoAOzSUYD+jTwqgiMEugZYwAJangnxp5cF9L"
    "vfLv5RxPr1rzeXChwugomvWlENXBaA5/7EMR3ZWZmNRnc0TbQF830PbrnoeXSE4bEcs8m6"
    "LGnxXo83YffGYzorYzFej7HShxzQe0xQzktZJWQtzHOfjOmDCcSpRAcVj7OXDQA+e1kJMB"
    "TlAR75BMBwAqqbL97IMijRQ12ULSoikfDT+I9jhF++onsjtznRd1UD//D6t6sPw4vf/p7T"
    "Ud5cDK+gZKCurgpXvyt2VdII+nQ9fIvgJ/rXzburoiqT1Bv+qwfPhBcBd+QOy8FuZgqIr8"
    "ao5XrewyJw5I5rs74vS++g91u2hhxJZ8eY1PY2eZhT2dxGfV2UtT3d5p4GEsVQzc6IdHDR"
    "3I1WAvTT+E7LjMS0VR7un7hP6IT9QlYK9Gv5hJiNdB9QTBR+jNo5MrS/xsMpvpp+3z5eJo"
    "RddpTJl3eJR4JwXF58eH3x5qqnIL7Fo7sl9l0nhzWU8AEvXEnqlotmg1nxCmZ4osCBt4Bn"
    "TvnZZJPZ0/O3aXl/DYWbr9mAxPWJ/P5pwP0VCqY4QBgFBM+QS+YeXwkdIdtAQkuu8qUcVQ"
    "73JynD2kefpb7M76kbDjxoGnrIUq+Wem3N9LLvLSaweWbjOJXoIMBnL08b7TFPazaZp0WM"
    "s09WAnpIHgI90AWxLvBSdZrm1T+G9fx2omj+evPu57h6kfQucYHU52xGWGByulAQs0cMWx"
    "wxZFfY5ixWKtPJSWbXPJZSXZSKYwJzXqqDQA9evGiAtKxVCbUq02BttmRmRCzKBiiban45"
    "IYu0AdIL3zNRTbIyncD50IqJAnBJbqec3zmCjHyiUVDW4F8Wtyrilj3BJOIb90MsbHthy1"
    "7YZDIqyNo+2LIPbhditdFxSXUr9uCkzQcn8rWYGIccqbHipRXuwje4b/rNGiB8qwYIi7m7"
    "cc8XZW3Pt6XnNVNt9PQZyj0+ijIl3gtyndh47Yl+rzmvzp0EbntofRM2c2SgNz2zLo643M"
    "H1e/kdvL9+Paw7uc6egXj0nvhUZ+Z/Gcn+9Mt74uGK844Y8TdhQ6sOwV51ZLEtVFf5Y4wu"
    "ohVgcbctTEPZRpfw2a+5yMKlgVyjaIW1SFrcrzcWgYrOKKm51lhkOCWIMBfxMeKMICUJP1"
    "RDsiSAuSX0vgtkVY+P7qB4OZU9KucLdTEUCojnCVlWNi/Z0z00BinWxMRAKzhvohScV+sE"
    "56frTEwE+bOM8zWrIJyi2gWc6f5m2dN9wTyBJ/h+cPb8h+fnz14+P5dV1FMmV36oQf763b"
    "CwmzV1CNmtK0gTJHu9g4zYPRldPpaJIEx/V3L2W1XP+WFxkzmfJDXXzvmfwMJP8Bm55e4K"
    "udR9lfpbj7iccYWaclWLyaysSuWsDH/DLH5LxlKtL0/2u25ca3aYLHAwZxQNC//qpT0Acz"
    "cUk4e53GkKCUDSMYkjYQqfI1GWC5UDLugK4ujL6akWJKrqx1e7rNR9pD82McP4sdoM48eX"
    "65aVpPebIp0IdHBvv6tV/GhW7X0iu+OFexMSssPk4/GSjWWeWS6w3NQjJitjT3EauPgDXs"
    "YAd3Se3z289xSbgBtVt9A2GbmuC+qm0dhNRSzEDSB2yT0dGZ2mpxIdBHhw2kQPlLWqbRhP"
    "S5qgnE+1zhW1M/A2fhXtxngPAT+wP9GZKNaYhCQSHQT42aDJIJa1KiFWZXmMQy6hjHG1n0"
    "oqsZWLSsu0tUN7qOBxoPObqIY9EbCob456+7niI5uu28IWv+azGQ0+BDhYhG9R5ItzFfq1"
    "jPFIVXVEWreBUzmcCaPllAuCQnkkpnwp0DQMwQk2HS6c4gWK7/1ZXpJ1AwjUKYgPmlcfLV"
    "hAvdDBXI47OBMkrs4bfV+3+sK+sJOAe+4JxBUFshnu9ESgEImw+hJDYFLPRRCNpo9OQh94"
    "OO0/USLRLaQUW8xuiR/x1l9YWlFKqTPNE/XEXM5r4dElPOEYU4+4SFA2Ik/RdQBP4pFxgL"
    "AHzHf43CcuUN50Rk62PemEFzSkKTIinSOnzwbnTSyhBufVllBQVs9Pw+gxAjyq37nzumeD"
    "RupcjTZX3vXF35jZzi8rZam3BhsTvUlZ5SlAUt+e3hcPAeKp3PQgICt3mMOAQ07Lx34WsJ"
    "VamF+eywPjhpEhl/80NZfd1NTuURfmptayGXWkQYSn7ZTsxApWp2BnTWRrlGs3W22tXn0D"
    "BnHY85Q9nE6VfQUaaNiiREEprqD08iVD8IAqej4Nylr0rhpWOvOUYJf4Up/FvtSZlWKudG"
    "WBV8pMTynGJ2DxAe28Uj+V/YdsVGrwyvZC6t/oBAcBmc2lJj3iUtNVGv0XFirINFS9ZW9L"
    "9Tjg6JagJffhB2dSUj4nEAHJM4AJSWrS+wRhJpbyEaXq7RMsOFMvtJyuvjBQmYmSYlLDrj"
    "YqKQTayoBTMjH5rAki7ZMRkQKR+4gKg5VusDSFhUvWqORxw2Flu9tItcyJdZBG2Ut0BHJv"
    "qMInAh1EePfqezRfm7CvGREbmGkLAhaWvTLul5Rhf1Vx3BBJFGC/XQXhlqo7gF9GGCaAS7"
    "wvr99dvP+n3sH+UoP55T+HVxdFi7VknW06naQSHZxPdh8IK1LbDAiBjMThKIGzfcG7Y0og"
    "1mVN5uesjJ2gt5igw+1BGfq6SCixRBeow8PHP8nuc0qwrwt7UhC2ZrGto8KynT2mjIrphp"
    "1dErahbdrc14+egattH/KBMwQU+Ko8+OYxFwoR6Y8M+6ZscnnotSptwBt1UvmW87uenoJO"
    "ivtrSGio6Ezjmg3sO8J4hyiyQw753Sj+P8Isy7ZGOVqzjnvAHIfZXKOErTqzjj3cQUvkFu"
    "JM28SvLaRbbfYBm0fw2GG2eQQPlEfw1vRUpiTYQbht1MRDw3+csfNs2ka7ca+MhWY4r5Yl"
    "OzixHiJaYm0GHfO9ezdD0vULe/fy6GvV3j3bCbrNe6GTanbvhdHRJKKPMnFiKENvwD453F"
    "0re6owvpoy1pLDyZe7aRwVI2UgpYvks32jynoMIvg7YjQl7sKLFonIOkuZfQkUl6nWF2CZ"
    "Fl9x5j6XoMxOwNRM2XOFIeLkioOgnS9shl0w7FKeHI1tuywl8Jgp3Cwr8DisAKBjAG5cv4"
    "Pg7n6rKu8+mRDfEXMyKoNcfaxflLNH+1sc7Y9cZ07nxKOMOCs806Q7qaEMNLJdHPmngyYT"
    "C1SrHv2qsHDKv2DCMYsVkRHpnOfbi7Mmrm+yViXIqqwYmA3OT4yshjIidmbZymhI8IWviz"
    "dTjX1WxoK/BfiehEYEzgauzGXJLlhw7c2lOWehKLR2BZUGnxkJa/BZNPjU7IBNSdaKJg7C"
    "tFrH0M2I1iKLUe7zaqNTnWwXJq9Dm59aKzVrpdYa7A9npVYMmaFMwbZPEpQ1P+sI9vtN7H"
    "LN7mmAo2ctnwlkivu1RwI0X7GBPd/cwyOCKEMYBQTPIoftODD/DK9QgO9IhaWdRxnERVpr"
    "0refm2gp/GwOzIWQVy1/3y6Tvk0ynG6d2LRts8y+SXw5NxgBHNfvILh7IPGt3eQhxrBayz"
    "Yx6ysJdnBUW7M+a9a3K7M+8jCnsrWNer4o28GeP5KebkQ1gUZsOJtmRLpALB2Y11BbkBLa"
    "5oTGx6id4wK7KZGRGWOtstX7lY+w9wnCi/k93b48W96v3Zh7UNNZplUbbM3D2lG4Yfm3QL"
    "fh7hj2VrdYkDAxntw5C2XXJlQQN89Te2zRR8spBWM5FTt4SiQa2rSre7yPTb3ahtmpX7MZ"
    "lygQz8hUIJWwh9VbHVaLwBFE7gg3dqXISVu9q3V6V0kreLRFbPJ6umB6V/GkcN3yNXFGSb"
    "0mtDIlIxIGFRUBmT8RSDahYvHPJLRyZkO/0MtXwO3KRUUF3VRR8omLxj6foTMgiwkeTZW0"
    "llLe6Q3AAB3yjwfkIU4cABVO4PdJH3E/E59UFcxl3xD3BHGptoXx/mUzhXQFWn46DuWrS0"
    "n7ORvFFhp0VCH8Ul88vIxhCNBLOqm0xdCumhozjGgBbO+iGZph/DgYPHv2w+D02cvzF89/"
    "+OHF+Wlij1EuqjPMuLz+GWwzcpNFbKxxtFnM94//zsxg8iO/KaA5IYurBtcx9eNJpDmueS"
    "GLqwbXdG5uDmtOxqKqnQV8ub002QWmEh0k/PdwjGXTTndpu5HrWqm2lru22oowrt+J7+bQ"
    "poPhVkCnelcHc05lNgzn3E6iV6tN7ymacxtSlrVrhdiVhX/NcYY+EY35ccamqWjaMcx3nI"
    "zmcFTQjT/p6VgguN6vJYB4VKNRpho4znkikA95GBmCfIVwUvAUDeW/3y+pS9A99hZEhEyL"
    "rKAYlJtP767eh2L6PDW7aVbLysTHdFqP/796Kb5Rjb46+QY+SL52Anxy6EfdBwds1viShe"
    "3G4//ju+v//aiWfLni+hguoU9vr95fIbDAQv+NnoSPG44QezLyqGEGgimVX9wc+xpdqsZV"
    "OydlkxRvfkbyiI6s3zjyNsCGtc09TlIj+1gljKs3wAWxLhg6HdyDzqNYM1dXY54IWLTN0f"
    "b4hJuAHde3WJtj/QhGk+2etrtmNdk2tLc1m3x/9WH4/vr1sJnnZ8aLdFvPz2663e7X9fND"
    "SCL0dLxMXNav5WZEplaTDA7yGyLu95QpQgVoEqBSXBJm+90wZ8Mu2rTmom2Ylvt1jIj1fN"
    "sf7JkZOUx9YoJxRqRzUdJ2D3A4MZngm0p0Dt7BaRMuVdaqztx8emq9Ca03YWuTBNjet76k"
    "7ej5I+npRkZGlhaxtEgr9uf9I/Em/RCQeU+7zYeCfv0eP67SyAADTp9D3xiwRHkVOqecIk"
    "Fg3w1uLvIqWmj8akyFa11cQmv8spNLavwmR2qwEIYuLd/cvv7seSNjh+c1xg7P1xo7mPpb"
    "WFeLOuN1/QF69fFMpw7QD30+E80iBhNFKtEJwPPTxbMmMeWfVYeUf1aOKA9Jezbc0BVlbc"
    "63Nuv0Y8qomG7Y1SVh29dt7mvyQAPZe66J21pOZqOVv2UduuuFn/g+1+zRqlf+RMBaZpiv"
    "/HwRzBdmFqIZEWshurmFqHx9NlLolLC/5NwjmFWcBWblir5PUnBf2ldy5cDOTzc3v+awv7"
    "wuDuuPv11eyd2b6ghZiYZchcbLmE+cxDus6GlWHeQhJ3a4vdrpfufrg8R6aODiVzfUq338"
    "7DivGefWr8/69T3S6nm0fn0Kdh2zHPdHDbMcd30zZjlME6EnjjNlVdl1FS3sktmcB4SNVs"
    "4dWWkIYlkxQpmw+yTwe84sQMpk65XLUoqnWJZz52twK/XI61z+wONPjY4lpgFg0k+d/lTr"
    "BXe/8PHA4W9OmCsFnqCLd2+QT+Yc6BJZoDqh93X98zZxRlSPJlWv7GNV+yKmDydFWM3DWd"
    "7+QCnXqnn77LBtindWpoML5h5yIkfpd+d45XGsGdvrM/dmRO2+cwufUMv175vrJ3Mzl9tY"
    "wMaD3WJcu1TMcTCaqrABZqunRrQLXOLeHP7L07rCyQDxolwHJxabX6Q9E87RnSwt5u7GXV"
    "2UtV3d6q4Oc5dvknS7LNnBVWsfSbfFYk58QdxNUmPpZC3sjWD3ybiMdPW5blS9C+Ae+lT3"
    "1sdspPEwrAY7lbB4m+Md4IkJ2FF1i7Q50iM+m1FNNLHqCTuV6ALe+95jzIgQeGJkeZsR6Q"
    "LChx7Rczon+tDn1ZBnZSzmG2DuYXMn/JxQF1Df91wShhJ07qW+rI+Msi4KYU7Ucv6bc6OU"
    "6Y38qmeYVKILI/3Q8wt5ADOAEty1xk6JjLV1MrB1WtJg6lSGOa0FvCh6QNzjE/WjhT02ZD"
    "CEPCtmh7kB3kWLHwO1RSPahSn9AHxVFjlTZVEn2z3Y96AzWke5b+TcwzrKfTt97S+YcHTx"
    "pGtidqcinYsX9uKsidGRrFU5caqyUrY3DIlTDVWyrJhVyQxUsgWTtx1Tf2YMeUHSom608R"
    "gReq+DvNJ/KyvSGfet3cXZIA+QCN0k825W5HCAnh0JoHKLqzt6rXYIj+vbsVkid7h/p4vX"
    "Va01pBJ2s7V+syWXKEGcbQIO6luwyniblfEReCB6jk8kssKcw9OJWxXGQIVJAMTCLMVOSb"
    "ALc9zBTXVkKYHkcoQZmZEU5bqAfWFX+qLJpvRF9Z70RSkKe+Jq2RTlVMJ6BJhHN43cg/Ng"
    "m7ugdzMHSb/giZ4ONVNH9MxUPl2wu21TvvzKJ6+hnQ5hXfKHc3y+3BanOMZrFzEi94RpD7"
    "BNAIJQBVf35CjDh1aiZBT1oWgn6lQ5u8a43jAy5PKfBui+Vi1+SBo8rqW+Fl/TQBnhIKuK"
    "lpEMwTUhMxySVGwUOENW9ldpWOUnAv0/X/gMe6/CoMpSb1alDIURysIk1gIyXUO2JI9PkJ"
    "qv9aE3dtp6bVBnYM6KETuMwkDUBavSKk8aKikannUzwuPGgThglKrq0BBmvOjBKdH9478z"
    "Ku9OvofJRiCu38FtwO5T9m7C3Fnv0KMg65TybBpZPi9kg8w+cnT5lmF5aMbt4AFnWob3vu"
    "PN2CjUNgr1kU8RNmKpjVj6SGP8eCOWTn0eBApaDQ8TF/braZhstbUkzFu+RHwcEIYEn5Fg"
    "KtFFSywkapS4SFA5TBQXspQ9KqvekglmIXtyR1YoIJ4nEOO33F2h5RRrsmDv4wZbpMQ2dL"
    "TYxrmiZeTLgZNij/hCdxhbqb0k9S3VolNdji6B6CHH9rGTA6UF/ZGWH5UBU7f0xKkxa5ad"
    "OAvn+iXnAkG0Jc7kfM7lAjBhQLg/RVffzzD1UJSynQiEfVgD5gHQ8WKGPQ/JZTqQouVFZj"
    "dNrl9WckGn4Y0bh5pW2TcTiX5tvOlSeGsCr9H8NmH1dfcwOp745qJU73+BzA6GpmBnZSzk"
    "FZBnVs34Q2iKbyKwkw1/i7AdvGgCrqxVia4qK5iC3cuxbUSopBKWUdkgwg0WYsl9zfRcE1"
    "UoI2MxN8d8QoPp4taRr8+Z2cJYluzapLL7CVtiRsiGYOcFLdbrsLaRp+vhl6/o3jBv1UtM"
    "+45hjxmN0G22mFnbYyp3Q3dEF+fLyIrxYk6H0M4RjoNGpp6U3dNAgbAtUtdJS0e7NtdDxf"
    "3Jthjd+JOuDiQRb+63Q+hD2EyXUNor8fVJuZj+hkdTCMCpY8DyNfq1VFjosOrMMpUbkGKh"
    "FCKyeDklPkHBFAdIzAm+E+jtcPj3v4GtKmdgt4pnfcR9ZbvqeSisfgKJTuCxTxAV6g11PN"
    "ke7vKFfWE3Y3WI45MJhTeFt0Jq5UCYuapIqgwuYQHFnmzdWyEIoJRh5J6ik2jsq4bhqAcO"
    "gb6wuc9HsiB8Tnh6OA5aQp2RfCriApX3B5znPQ1f7Y9qY9340aFCSNxtY7FrKbGdU2KmdJ"
    "jN1mag72dHf1OAszJdYA/27nyPb+XMWka4OihuKmEThW2TeB3WGuOAfnkpO2GvHd8hYNsc"
    "Rutb6CB/cCR8QSOD9VR3M/7ENKKWmlv3mc19MqYa54CaOPaJRPeW6d371oh0e9zYfD0V6R"
    "7Cux/BUZB/E4QzIhbhBkF1Pa5zLq/2H4rrW88ATfie6DzDOHNcSdAOXXvyZE+eqhRJDwuI"
    "Mil3ABsFpitJ26B0bds2tMWU9Q2RKvEIuv2j0DP6+Rr9WkbfTeqChWUzRj91fMAhVe0jKe"
    "tCtAnikZncFAGzDo4OYjQlM/wKnYTVFAGOQ/q8L/8Aoz/g4f+YQHC+P+pcLHZ8J2D2rwMI"
    "juHReyLCoBkJqw+/lAQNIj8NPu6jhdzsebHHhtzyhY8iq4xlwx5nk4amtp974TNC7egtwA"
    "L2czgLqI/7d8vX13qlnjZJDi9rVfulnp6udfNIOqmxypRIdJC2P28C+Xk14uenJRvWaOwb"
    "IJwR6SDEg0bDelAzrAenJZTH1I9nFUOlJC/ZQXX02DWSkv65seppO/koOrnC87AuwlYnnQ"
    "8PEGerLdr+BfHpaKpV86Oiev0ep5XW6fXVvbCFV7JOX/1WwsFtSeJVq6aPwEG3biYoOAE1"
    "iQY9qAkHPdDGgzZBOKreQXTPGumlZzV66VlZL5V3DLTaf7VFSUbEmpQYmpQ86nr29T/ZI3"
    "u7"
)
