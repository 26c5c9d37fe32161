"""A campaign against served chats: load, kills, full disks, damage, strangers and uploads at the same time.

`articles` is the truth that answers are checked against (`checks`), `chats` the servers, `asking` the load; `harm`,
`changes` and `strangers` are what happens to them, `report` is what is counted, and `run` puts all together.
"""
