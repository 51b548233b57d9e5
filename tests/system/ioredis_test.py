"""The Node client ioredis works; it is installed from npm under build/."""

from tests.support import node


def what_a_user_does_works(lab):
    node.run(lab, "ioredis_client.js", lab.start().port)
