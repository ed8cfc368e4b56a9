from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
ALTER TABLE "task" ADD "trace_parent" VARCHAR(55);
""",
    "postgres": """
ALTER TABLE "task" ADD "trace_parent" VARCHAR(55);
""",
}

DOWNGRADE = {
    "sqlite": """
ALTER TABLE "task" DROP COLUMN "trace_parent";
""",
    "postgres": """
ALTER TABLE "task" DROP COLUMN "trace_parent";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXW1z2za2/isYfUnXo2ZkxU7czdwPtuM2vk3tu7Zyu7vJDgciYQlrClBJyrKmm/++AP"
    "hOghQhijTF4EsbEzgQ9QA6OHjOC/4cONS213Dz+nyJJ/QRkcFfwZ8DAheI/SPfOAQDuFwm"
    "mvgTD05t0R0useFF/aau50DTYw0P0HYRe2Qh13Tw0sOUf8zgHKxc5LxygZABD9QBECygOc"
    "cEvQeU2BuAPRfMoTsH2AWPaOkNASSWeDpFM0wIJjMmDR4JXbOnYLp5zT/aoib7bNbW6Kes"
    "CP5jhdgXniFvjhz2WV++DPhn8UaB4L/+xf6FiYWekcub+Z/LR+MBI9tK4YwtLiOeG95mKZ"
    "5dzqHzs+jJv9HUMKm9WpC493LjzSmJurMvzJ/OEEEO9JCVgJ2sbDuYovCR/+7sgeesUPSS"
    "VvzAQg9wZfPJ49L+G8TPBoZxczsx7q8mhjHITWwokZiF4JFJCV8UmHiu+P4L+GzYiMy8Of"
    "vz7ck3/3NiHPxe/AP///zu8uP53Q9vT/7CP5CyleWvuZugZSyavokhoAf9QQTqMczi/wpA"
    "h/33A3X4IMY6/l0cLNgxuK5J+Rg5eP/3/vZGDm8skQHYwqYH/gNs7HoHCHQJsBwLPvLCdf"
    "+wk4D+8Nv537NYX366vRDgUNebOWIUMcBFBnjqzAzVlZ2U2Wl1B2qiK5g3vbjZpmdjE/LX"
    "MtSUdV5S470db0SelNd0UkZjvB1jYQ8Z3O5RQTktpY2QrTAvHfSAn1UgjiV6aHgcv60A8P"
    "HbQoB5Uxpg00EcDMPDMn3xgbXxFjnUWdmsIRIIvw7/cYjws69o3bJjTvC7KoF/cv3b1f3k"
    "/Lf/S9koH84nV7xlLJ5uMk9/yE5VNAj4/XryEfA/wT9vb66ypkzUb/LPAX8nuPKowU5YBr"
    "QSKiB8GqKWmnkbup7BTly7zX1eeg+z37E95EAmO8SkdLbR8xKz4Xaa66ysnukuzzQnURTN"
    "7IRIDzfN/VglnH56eJQyIyFtlYb7Z+ogPCO/oo0A/Zq9ISSm7AcUEoWfg3EODO1v4XIKn8"
    "a/bweuI8IuucrYl7eQjTx/XZ7fX55/uBoIiKfQfFxDxzJSWPMWOqaZJ1HffNNivMg+gQTO"
    "BDj8W/B3jvnZ6JA5kPO3cftwC4Wb7lmBxHUQ+/1jjzob4M2hByDwEFwACy1tunFlhGwFCS"
    "m5StdsVRnUmcUM6xB8YfYyfcKWv/D40HyGNPWqqdfOqJemj5iczVNbx7FEDwE+fjuqdMYc"
    "lRwyR1mMk2+WA3qCnj050BmxPvBSZZbm1d8n5fx2ZGh+ur35JeyeJb1zXCB2KFkg4ql4Fz"
    "Ji2sVQw8WQ3GGrs1ixTC+VzL55LGG6CBNHBea0VA+BHp+eVkCa9SqEWrRJsFbbMhMiGmUF"
    "lFUtv5SQRloB6ZVjq5gmSZle4Ny2YSIAXKPpnNJHw0WmgyQGyhb88+LaRKw5E4QhvvM8hM"
    "J6FmrOwi7KKCOr56DmHExX7mYnd0nxKNpx0mXHCftaxH3wOVJlw0sq3IffYNP0mw5A+F4D"
    "EFZLa+eZz8rqme/KzEtUbfD2Cco9dEWpEu8ZuV4cvBqi30v81SlPYF2n9a0/zIGBXtVnnV"
    "1xKcf1Hfsd3F1fTso810kfiI2fkINlYf4XgezPv94hGxb4O0LEP/gDbXoEe5HLoi5UV2k3"
    "Rh/R8qD7WBemCRujT/g0Gy6ysrDH9ihcEC0SNw/Lg0V4R8OMem4NFpnMEUDEAvQBUIKAkO"
    "R/iIFYi8d1i59957GuNjUfefN6zmaU6Qvx0BfykG27rC0fXtLQZ0gCUnSIiYJVcFbFKDgr"
    "tgnORttCTFz0Rx7na1JAOAW9Mzjj5rTsqCmYZ/wNfhwfn7w7OXvz9uSMdRFvGT15V4L89c"
    "0kc5pVTQjZbypIFSQHg1ZWbENBly8VIsjV3xXTfptine83V9H5KOq5Vef/ziP8XLpAU2pt"
    "gIWt93G+tUmZxnWFyhUjRlpZtDKtzP/NtfgUPTCzPq/s9z24NOww2uC4zsgGFv45iGeA62"
    "7ejJ6X7KTpMgCiiYkSCWP4DIYy26gMnoIuIA5+OQMxAkNV/PFNbytlP9KfqoRh/FQchvHT"
    "223bSjT7VZGOBHp4tt/XLn4wu3aTyO55496FhOwx+Xi4ZGOeZ2YbLFXNiEnKaC9OhRR/jp"
    "cywD3V8/uH9wlDFXCD7hraKivXsri5qbR2YxENcQWILfSETSVveizRQ4DHoyp2IOtVHMM4"
    "ylmCTJ9KkytKNXCdvIpuY9xAwQ/ozGQhiiUhIZFEDwF+M66yiFmvQohFWxpjn0vIY1ycpx"
    "JL1EpR6Zi11naGCnzwZHkTxbBHAhr13VHvPld8YOq6K2zxJV0ssHfvQW/lf4ssX5zqMCxl"
    "jE3R1XDjvhWSyrlPGKzn1EXAlwfunK5dMPdLcPKYDot78TzB9/7CHrG+Hi/U6SKHW15DsC"
    "Ietv0Ec7buuE8QWbJs9KY+6iv5So48altHvK4oJ5v5J71ygY+E330NeWFS2wK8Gs0QHPk5"
    "8NzbfyREgo9gUmS1mCIn4K2/krgjkxI+zSPxxpTpNd91yd/wAWIbWcDFxESvwbXH38RGDx"
    "6ANme+/fc+sjjljRfoqK6nk39BRZoiIdI7cvp4fFYlEmp8VhwJxdvK+Wm+epQAD/r3zl/3"
    "ZlzJnCux5vKnvvA3pnbyS0pp6q3CwUQeUlboBYj6a+991gkQqnJVR0BSrh1nQJtq+dB9Ab"
    "XMwvT2nF8YtwRNKPtP1XDZXUPtXnRjrhotmzBHKlR4qmdkR1GwMgM7GSJbYlxbyW5b7epb"
    "HhAHbVvEw8lM2ffcAvVHZCgIw5UbvXRNAH9BUT0fe3krel8DC5t5jqCFHGbPQofZzMIwF7"
    "ayCzciTE8Yxkc84oOP8178KeI/2KDMghexF8z+BkfQ89BiySxpkzJLV1j0X4lvIGPf9Gaz"
    "zcxjj4IpAmvq8D8oYZLsPTkREL0DDyGJQ3pfAUjcNXtFZno7CLqUiC+0nm++Em4yIyFFmI"
    "VdHFSSKbSVACcXYvJFUkTaQSZiAkH6iCiDFR+wJI2ZRzqo5GXLYSWnW8m0TIn1kEZppDoC"
    "elI04SOBHiK8f/M90Ncq7GtCRBdmqkHA8m0vj/sFJtDZFLgbAokM7NON5x+p+gP4RYBhBD"
    "jD++L65vzuH/IE+wsJ5hf/mFydZyPWon22qjqJJXqoT/ZfCCsw2xQIgYREe5TAcVPw7pkS"
    "CG1ZFf2clNEKuoaC9o8HeejLKqGEEn2gDtuvf5I85+Rg31b2JCOsw2I7R4UlJ/sBE+zOd5"
    "zsnLAubdPluX7xG7i69kNu+YaADF+VBl+95kKmIv2BYV+VTc4vvU5dG/BBeCo/Uvo4kFPQ"
    "UfNwCwnNOxrzsGeF+A6/3iEI4pB9fjeo/w8gSbKtwR2tycQ9zhz7t7kGF7bKwjoa+AQpkZ"
    "upM60vfu0g3apvH9D3CB46zPoewZbuEZyqemVygj2EW1dNbBv+w6ydp69t1Af3wlpoino1"
    "L9lDxdpGtcTSG3TUz+79LEk3zJzd86uvU2f35CTIDu+ZSSo5vWdWR5WKPiLEiYAEvcHPyf"
    "7pWsRT+fXVRLAWW04OO03DoBmIAClZJZ/6g4roMV7B33DNObJWdrBJBNFZIuzLBWGbGH3F"
    "I9PCJ8bSoQyUxREPNRPxXH6JOLbjAD7OV7KAFg/sEpkclWO7NCXwkle4aVbgZVgBjo4CuG"
    "H/HoK7/6Mq+/TZDDmGu0RmHuRit35WTrv2a7j2TctY4iWyMUHGBi4k152UUAYS2T6u/NG4"
    "imLh3YpXv2jMFg3j3L5SREtCRK/6WgEtLl05slooxdgnZTT4NcC3GTSuZ+yQZpuX7EN0UW"
    "PptqnoOVfq8y4MRkxI6GDEbDCi5HSmSgAWDNEKC6iTFncjAbMn7PycFwdEymT7oLzaDo3U"
    "EVQ6gqoz2LcXQZUt5yDClOpfYJMMjeoJ9s1eOnJNnrAHg3fN89WJ5mEpXY3THSvEmi1taC"
    "KACYDAQ3ARJBOHReMXcAM8+IgKosDYEZ3X7NkabtbMh0jp5eT9jCuXPdXccrfCzXa5fbP2"
    "pZtd0zJNE8xMN6jdKx/07yG4DRDMOqavjTUs9rJdQs5ygj1c1TrkTIec7SvkDD0vMRttp5"
    "nPyvZw5g9kpitRTdwiVtSmCZE+EEst8xriCJJDW53Q+ByMc1hgVyUyEmusU3Fkn+jscr4i"
    "8gywqHFYeiS36cwwo35VTuQYscOyqBXmemjJjr5sCFFid8G0AVuy4Fd88Z4fi5Hr19ISxW"
    "+RBR4cugDH/JyNoDkX0tLT+F4/gMeV8WtFPfQc1gPmHY7430dDQJ1E2THRsGRzg6wjdtg3"
    "/ephfJhMFWLp0T6s0Ce7ae5LsjgdH9AQjfwvERPNv4xiZa8LPCt0Y0n1ocSDFSz27trwvg"
    "frp/H4zZt349Gbt2enJ+/enZ6NIldWvqnMp3Vx/Qt3a6W0ZejnOtjLSZvHf28exPTKrwpo"
    "SkjjKsH1ATuhEqmOa1pI4yrBNdbN1WFNyWhUpVqAHVYlbuSyIlyhRA+5kgYYQH2bZF9PyN"
    "xszU9tcQBG2L8Xv5u2oy78o4DM9C6u0RjL7FilsZtnZKk13VCRxi7cRNKtHWJfwZElTJC8"
    "vrw6E7RrhfluLPM915hvjwq6dWYDGQvEnw9LCSAa9KhUgJ4zYa9c4PDrlQjg1xDxgInXYM"
    "L+++MaWwg8QXuFXJ9pYR0Eg3L7+83VnS8mLz+/n2GlrEzIcEoT+f4cxPgGPYbCacD5IPa1"
    "I+AjvhRbzwZ399M18ccN1//nm+u/fRZbPttxHcgfgd8/Xt1dAe68Bv8DXvmv668QHeHxot"
    "mD3hyzX9wSOhJbqiQDKyWl7x7cPRfiBXOAvnPkdd6sDms6TFIj+Vo5jIsPwBmxPviIW08+"
    "sDGU6OpizCMBjbY62jadURWww/4aa3WsXyDepNtqu28BJ11Du27Eyd3V/eTu+nJSLWkmkY"
    "BTN2mmnxlLzWbN3PskwkDGy4Rtw1Juxk30qlKYmf2GkPUjJoJQ4TQJp1Is5F/it2Mp5n2M"
    "WeNaak2K7E0tD8sYEZ000BzsCY3sVzRXwTgh0rtrv/cPsK+YVPCNJXoH73hUhUtlvYovZB"
    "yNdCKGTsTobO1fPfs6DacbM38gM93VNJyuTaemRbpwPh8eSCLOvYeWA+kxnzcMy8/4YZdK"
    "ARjc++znxvBIlPd+csoIuIifu3maC3sKVpK8GlXh0hQXPxo/n+QSB78F1+bqy+rLvWQnlY"
    "IdTkqCHU62Bjuo5lvoVIuy4HW5A73YPdMrB3rb/hl9XXdKXbwZV9AWb8aFyoI35QB2dj3M"
    "Z2X1VS5dtun1fbvfz1yjZ+yx2bNU0tZSMjvt/B2b0H1v/MhxqOSMVrzzRwI6MkN956crb7"
    "lSixBNiOgI0d0jRNnXJ6ZAJ4f9BaU2gqTAF5iUy+Y+McGmrK/oScvJT7e3n1LYX1xnl/Xn"
    "3y6u2OlNTATrhH2uQpJlTGdGlB2WzTQrLvKQEmvvrDZqVl+3UuuhQopf2VIvzvHT67xkne"
    "u8Pp3X90K758Hm9QnYZcxyOB8lzHI49dWYZb/Ctpw4TrQVXZonaGELLZbUQ8TcGI9oIyGI"
    "WccAZUSeopq5qbAAJpPsl2+LKZ5sWyqdT/JRVZL7xEJgpoxAcmtun/8uPLuPiRCG2Ctwfv"
    "MBOGhJOTfCGgTiOumvtdtfinnw5IqrindSpocbUANXBwa31C3hxqZQsra3X3CXENXnuBo5"
    "lpo7b5o7R0u1FNZQQN+jVmNdW9hdQs+cizR8td1TItoHbq6xBPq8Whc4KSCeleuhYtGlzr"
    "ujcA7OU7NaWjtPdVZWT3Wnp9q/RnWX+z/zkj3ctZq4/9NdLZHjImuXWzpkshr2SrA76CGP"
    "dLGfNOjeB3Db9pJOHUhMScZeMdixhMZbHW8PzlTADrprpNWRNuligSXVuYoVdizRB7ybPm"
    "MskOvCmVIka0KkDwi3vaKXeInkpcSLIU/KaMx3wNyG6kntKaE+oN60LvFL8xlPzF6WVxrZ"
    "VtUvJao5/925UUzkQXPFGiaW6MNKb1u/oGfuVs/BXRo8FMno2CGF2KE19uZGYdnQUsCzoi"
    "3iHnrUDxb2MJBBEfKkmF7mCnhnI2gUzBaJaB9Uegt8VRI5VWNRJts/2BuwGXXi2Xfi99CJ"
    "Z9/PXDvIRPhJZi4UZjEkRXqTxLC/bHN2cDPU7p9MirQH6PGBAMoMU5nDpDgtMuyv12buSE"
    "adR1nVmmJjKZbQJtJ2E4kdr1xk1Cm7JR9Bb6Fd3kJNnodjGw5iyLrqJ2+ZuD6BK5zAIwCh"
    "q3bRRE6wDzqudQc7a0X8iiVElJy/Wbk+YJ/eX05PK+wvp6eF+wtvytQijhKkqqIcS+g4Xv"
    "Uaf0GSXN1EzH5W4h9m8jHjpaaajplQ5fMVeax78cEnOrvk4/QI61wWi+HQdV2cwkqHfcQI"
    "PSEidTupAMQTdq+e0EEW0StESSn3ORvdZRSlqIW43hI0oew/FdC9FCPeRwMe1lZfiq9qur"
    "i/yIpyxqMluCVx3EBRx0rp46yzs4mLi75ywb/pyiHQfu+XFmV2s2glwK/T41/l6vL7Xvmd"
    "ITadAaGv5Qnoex29tLQpZ86yeetKydtlJVukxpOESgqWZ5lGeNns7RZrtRQndKvxoq1Tos"
    "3jvzcq75F9D5WDQNi/h8eA/V9cuQtzp3O6DoKsE8azan3ltJAutfjCNZY7hmXbjFvrZSI6"
    "hnfTVSJ0LVZdi/XAVYSu26fr9r3QGj/cun1zh3qegFbCw4SNw3IaJtltKwnzka4BffAQAS"
    "5dIG/O0AVr6DLUMLKAi9kyEVzIms0o6zpFM0h89uQRbYCHbNsFhE6ptQHrOZTcBdvEB9S4"
    "GFYxPLpOSHTHyJeWr4Y16UrmjC20XqL+mmqRmS4Hd41em2v70MmB3Ib+QtuPuAdOtvWEF8"
    "SVbDvhXXRVbhznNVIoYfqciovCOeH+Glz9uIDYBsHFxcgF0EHiLnBOx7sLaNuAbdMeE5Vd"
    "OL6PIbdvK6lSsfwbVy4QK+6giySGpVViB98yRWkR/xrVP8bvvu0zlNwT311t2eY3yORiqA"
    "p2UkZDXgB5YtcMfwhV8Y0E9nLg7xC249Mq4LJexXd6n+avpX9ia1uJUIklNKOyQ10K6Lpr"
    "6kjUc0ktkISMxlwd8xn25qupwb4+JWobY16yb0pl/wqbYYbQjmCnBTXW27DW9WLL4Wdf0b"
    "ol9mYQhfYdwhkzWKF1jpjJ2GPMTkOPSFadRymK8XyJJ3ycA1wHlUI9MXnCngChLlLX0UgH"
    "uzeXQ0WdWV2Mbp1ZXxeSGx7u6yF07w/TJ5QaJb7OkYPN+UBGfQVNw1LyC8adttFfxUjU8G"
    "rIjKXvJZy0JsdeTNAE5eVUzNCESA8d2ONK2WTjknSysTSfTAXhoHsP0T0eVbqBY1RyA8co"
    "dwMH+0RPmhRZXFwxIaJvnFGsqviijpxv/wVajM7c"
)
