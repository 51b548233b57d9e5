// What an ioredis user does, against the port in argv[2]. Ends with status 0 when all of it worked.
const assert = require("node:assert");
const Redis = require("ioredis");

async function valuesAndPipelines(client) {
  assert.equal(await client.set("k", "v", "EX", 100), "OK");
  assert.equal(await client.get("k"), "v");
  assert.deepEqual(await client.mget("k", "none"), ["v", null]);
  assert.deepEqual(await client.getBuffer("k"), Buffer.from("v"));
  const pipeline = client.pipeline();
  for (let n = 0; n < 1000; n++) pipeline.incr("n");
  const replies = await pipeline.exec();
  assert.equal(replies[999][1], 1000);
}

async function transactions(client) {
  const replies = await client.multi().set("a", 1).incr("a").get("a").exec();
  assert.deepEqual(replies, [[null, "OK"], [null, 2], [null, "2"]]);
  await client.watch("a");
  await client.set("a", 5);
  assert.equal(await client.multi().incr("a").exec(), null);
}

async function errors(client) {
  await client.set("text", "x");
  await assert.rejects(client.incr("text"), /not an integer/);
  await assert.rejects(client.call("NONSENSE"), /unknown command/);
}

async function scanning(client) {
  for (let n = 0; n < 500; n++) await client.set(`key:${n}`, n);
  const seen = new Set();
  for await (const keys of client.scanStream({ match: "key:*", count: 50 })) {
    keys.forEach((key) => seen.add(key));
  }
  assert.equal(seen.size, 500);
}

async function main() {
  const client = new Redis({ host: '127.0.0.1', port: Number(process.argv[2]), enableAutoPipelining: true });
  await valuesAndPipelines(client);
  await transactions(client);
  await errors(client);
  await scanning(client);
  assert.match(await client.info("server"), /redis_version:7\./);
  assert.equal(await client.quit(), "OK");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
