// Node's http2 client against the service at WSECHO_URL, which runs with -tls: RFC 8441 by hand.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';

let session;
before(async () => {
  session = http2.connect(process.env.WSECHO_URL, { rejectUnauthorized: false });
  await once(session, 'remoteSettings');
});
after(() => session.close());

function open(path, subprotocol) {
  return session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': path,
    'sec-websocket-version': '13',
    ...(subprotocol && { 'sec-websocket-protocol': subprotocol }),
  }, { endStream: false });
}

// frame returns a final frame of at most 125 bytes, masked with zeros.
function frame(opcode, payload) {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

test('the server offers extended CONNECT', () => {
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
});

test('three sockets on one connection, each echoing and closing', async () => {
  await Promise.all(['one', 'two', '三'].map(async (text) => {
    const stream = open('/ws', 'echo-protocol');
    const [headers] = await once(stream, 'response');
    assert.equal(headers[':status'], 200);
    assert.equal(headers['sec-websocket-protocol'], 'echo-protocol');
    for (const name of ['connection', 'upgrade', 'sec-websocket-accept']) assert.equal(headers[name], undefined);

    const payload = Buffer.from(text);
    const close = Buffer.from([0x03, 0xe8]); // 1000
    stream.write(frame(1, payload));
    stream.write(frame(8, close));
    const answer = Buffer.concat(await stream.toArray());
    assert.deepEqual(answer, Buffer.concat([
      Buffer.from([0x81, payload.length]), payload, Buffer.from([0x88, close.length]), close,
    ]));
  }));
});

test('a refused handshake is well-formed HTTP/2, and names what is spoken', async () => {
  for (const offer of ['chat', undefined]) {
    const stream = open('/ws', offer);
    const [headers] = await once(stream, 'response');
    assert.equal(headers[':status'], 400);
    stream.setEncoding('utf8');
    assert.match((await stream.toArray()).join(''), /^[^\n]*echo-protocol[^\n]*\n?$/);
  }
});
