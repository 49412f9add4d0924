// Node's ws against the service at WSECHO_URL.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import WebSocket from 'ws';

const url = process.env.WSECHO_URL.replace('http', 'ws') + '/ws';

test('echo', async () => {
  const ws = new WebSocket(url, 'echo-protocol');
  await once(ws, 'open');
  assert.equal(ws.protocol, 'echo-protocol');
  for (const message of ['hello', '你好 👋', '', 'x'.repeat(100000)]) {
    ws.send(message);
    const [data, binary] = await once(ws, 'message');
    assert.equal(data.toString(), message);
    assert.equal(binary, false);
  }
  ws.send(Buffer.from([0, 255]));
  const [data, binary] = await once(ws, 'message');
  assert.deepEqual([...data], [0, 255]);
  assert.equal(binary, true);
  ws.close(4001, 'enough');
  const [code] = await once(ws, 'close');
  assert.equal(code, 4001);
});

for (const offer of [['chat'], ['Echo-Protocol'], []]) {
  test(`offering ${offer[0] || 'no subprotocol'} is refused, and the answer names what is spoken`, async () => {
    const ws = new WebSocket(url, offer);
    const [, answer] = await once(ws, 'unexpected-response');
    const { socket } = answer;
    answer.setEncoding('utf8');
    const body = (await answer.toArray()).join('');
    socket.destroy(); // it is kept alive for another request
    assert.equal(answer.statusCode, 400);
    assert.match(body, /^[^\n]*echo-protocol[^\n]*\n?$/);
  });
}
