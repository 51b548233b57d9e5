"""The Node client node-redis works; it is installed from npm under build/."""

from tests.support import node


def what_a_user_does_works(lab):
    node.run(lab, "node_redis_client.js", lab.start().port)
