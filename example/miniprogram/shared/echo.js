// createEcho returns a speaker for the echo, which answers each message with itself.
export function createEcho() {
  return {
    subprotocol: 'echo-protocol',
    greets: false,
    path: () => 'ws',
    write: (message) => message.data,
    read: (data) => ({ says: data, receipt: true }),
    reached() {},
  };
}
