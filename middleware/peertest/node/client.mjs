// RFC 8441 from Node's http2 module, with WebSocket frames made by hand. It is run by
// node_test.go: node client.mjs https://127.0.0.1:port
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http2 from 'node:http2'

const origin = process.argv[2]
const session = http2.connect(origin, { rejectUnauthorized: false })

function frame (op, payload) {
  const n = payload.length
  let head
  if (n < 126) head = Buffer.from([0x80 | op, 0x80 | n])
  else if (n < 65536) head = Buffer.from([0x80 | op, 0x80 | 126, n >> 8, n & 255])
  else {
    head = Buffer.alloc(10)
    head.writeUInt16BE((0x80 | op) << 8 | 0x80 | 127)
    head.writeBigUInt64BE(BigInt(n), 2)
  }
  const mask = randomBytes(4)
  return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ mask[i & 3])])
}

class Socket {
  #data = Buffer.alloc(0)
  #more = null

  constructor (headers) {
    this.stream = session.request({
      ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':path': '/ws',
      'sec-websocket-version': '13', 'sec-websocket-protocol': 'echo-protocol', origin, ...headers
    })
    this.stream.on('data', data => { this.#data = Buffer.concat([this.#data, data]); this.#more?.() })
    this.closed = new Promise(resolve => this.stream.on('close', () => resolve(this.stream.rstCode)))
  }

  async open () {
    [this.headers] = await once(this.stream, 'response')
    return this
  }

  send (op, payload) { this.stream.write(frame(op, Buffer.from(payload))) }

  async #read (n) {
    while (this.#data.length < n) await new Promise(resolve => { this.#more = resolve })
    const data = this.#data.subarray(0, n)
    this.#data = this.#data.subarray(n)
    return data
  }

  async receive () {
    const head = await this.#read(2)
    let n = head[1]
    if (n === 126) n = (await this.#read(2)).readUInt16BE()
    else if (n === 127) n = Number((await this.#read(8)).readBigUInt64BE())
    return { op: head[0] & 15, data: await this.#read(n) }
  }

  async wantEcho (payload) {
    this.send(2, payload)
    const got = await this.receive()
    assert.equal(got.op, 2)
    assert.ok(got.data.equals(Buffer.from(payload)))
  }
}

const [settings] = await once(session, 'remoteSettings')
assert.equal(settings.enableConnectProtocol, true)

// Twenty sessions at once over this one connection.
const sockets = await Promise.all(Array.from({ length: 20 }, () => new Socket().open()))
for (const socket of sockets) {
  assert.equal(socket.headers[':status'], 200)
  assert.equal(socket.headers['sec-websocket-protocol'], 'echo-protocol')
}
await Promise.all(sockets.map((socket, i) => socket.wantEcho('session ' + i)))
await sockets[0].wantEcho(randomBytes(1 << 20))

// A ping is answered.
sockets[0].send(9, 'there?')
const pong = await sockets[0].receive()
assert.deepEqual([pong.op, pong.data.toString()], [10, 'there?'])

// The client closes; it sees the close frame, and a stream that ended without an error.
sockets[1].send(8, [3, 232])
const close = await sockets[1].receive()
assert.equal(close.op, 8)
assert.equal(close.data.readUInt16BE(), 1000)
assert.equal(await sockets[1].closed, http2.constants.NGHTTP2_NO_ERROR)

// It resets a stream, and ends one without a close frame.
sockets[2].stream.close(http2.constants.NGHTTP2_CANCEL)
await sockets[2].closed
sockets[3].stream.end()
assert.equal(await sockets[3].closed, http2.constants.NGHTTP2_NO_ERROR)

// A foreign origin is refused, and an ordinary request on the same connection served.
const foreign = await new Socket({ origin: 'https://elsewhere.example' }).open()
assert.equal(foreign.headers[':status'], 403)
const page = session.request({ ':path': '/' })
const [headers] = await once(page, 'response')
assert.equal(headers[':status'], 200)
page.close()

await sockets[4].wantEcho('the others live on')
for (const socket of sockets) socket.stream.close()
session.close()
await once(session, 'close')
console.log('ok')
