// createEcho returns a speaker for the echo, which answers each message with itself.
export function createEcho() {
  return {
    greets: false,
    path: () => 'ws',
    write: (message) => message.data,
    read: (data) => ({ says: data, receipt: true }),
    reached() {},
  };
}
