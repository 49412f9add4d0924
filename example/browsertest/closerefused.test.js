// Node's ws against the refusals at WSECHO_URL.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import WebSocket from 'ws';

const url = process.env.WSECHO_URL.replace('http', 'ws');

for (const offer of [['echo-protocol'], ['chat.v2', 'chat.v1'], []]) {
  for (const origin of [undefined, process.env.WSECHO_URL, 'https://elsewhere.test']) {
    test(`offering ${offer} from ${origin}`, async () => {
      const ws = new WebSocket(`${url}/told`, offer, { origin });
      await once(ws, 'open');
      assert.equal(ws.protocol, offer[0] ?? '');
      ws.send('x'.repeat(100_000)); // a client that speaks first loses nothing of the close
      const [code, reason] = await once(ws, 'close');
      assert.equal(code, 4401);
      assert.equal(reason.toString(), origin?.includes('elsewhere') ? '' : 'who are you?');
    });
  }
}

test('a client that can read a status may be refused as before', async () => {
  const ws = new WebSocket(`${url}/mute`);
  const [, answer] = await once(ws, 'unexpected-response');
  assert.equal(answer.statusCode, 401);
  answer.socket.destroy();
});
