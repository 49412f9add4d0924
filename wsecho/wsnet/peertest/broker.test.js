// mqtt.js against the broker at BROKER_URL.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import mqtt from 'mqtt';
import WebSocket from 'ws';

const url = process.env.BROKER_URL;
const connect = (options) => mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });

// next returns the next message of a client.
async function next(client) {
  const [topic, payload] = await once(client, 'message');
  return [topic, payload.toString()];
}

for (const protocolVersion of [4, 5]) {
  test(`MQTT ${protocolVersion}: what one publishes, the other gets, with every quality of service`, async () => {
    const [ann, ben] = await Promise.all([connect({ protocolVersion }), connect({ protocolVersion })]);
    await ben.subscribeAsync(`room/${protocolVersion}/#`, { qos: 2 });
    for (const qos of [0, 1, 2]) {
      const got = next(ben);
      await ann.publishAsync(`room/${protocolVersion}/${qos}`, `hello ${qos}`, { qos });
      assert.deepEqual(await got, [`room/${protocolVersion}/${qos}`, `hello ${qos}`]);
    }
    await Promise.all([ann.endAsync(), ben.endAsync()]);
  });
}

test('a large message, many small ones at once, and their order', async () => {
  const [ann, ben] = await Promise.all([connect(), connect()]);
  await ben.subscribeAsync('big');
  await ben.subscribeAsync('small');
  const large = next(ben);
  await ann.publishAsync('big', 'x'.repeat(300_000), { qos: 1 });
  assert.equal((await large)[1].length, 300_000);

  const got = [];
  const all = new Promise((done) => ben.on('message', (_, payload) => got.push(payload.toString()) === 500 && done()));
  await Promise.all(Array.from({ length: 500 }, (_, i) => ann.publishAsync('small', String(i), { qos: 1 })));
  await all;
  assert.deepEqual(got, Array.from({ length: 500 }, (_, i) => String(i)));
  await Promise.all([ann.endAsync(), ben.endAsync()]);
});

test('a ping is answered', async () => {
  const client = await connect();
  const answer = once(client, 'packetreceive');
  client.sendPing();
  assert.equal((await answer)[0].cmd, 'pingresp');
  await client.endAsync();
});

test('the will of a client that is lost is published, and not that of one that leaves', async () => {
  let socket;
  const createWebsocket = (url, protocols) => (socket = new WebSocket(url, protocols));
  const [heir, , leaves] = await Promise.all([
    connect(),
    connect({ createWebsocket, will: { topic: 'wills', payload: Buffer.from('lost') } }),
    connect({ will: { topic: 'wills', payload: Buffer.from('left') } }),
  ]);
  await heir.subscribeAsync('wills');
  const got = next(heir);
  await leaves.endAsync();
  socket.terminate(); // TCP's end, without a close frame
  assert.deepEqual(await got, ['wills', 'lost']);
  await heir.endAsync();
});

test('a client with a wrong password is told so', async () => {
  await assert.rejects(connect({ username: 'mallory', password: 'guess' }), /not authorized|Bad username or password/i);
});
