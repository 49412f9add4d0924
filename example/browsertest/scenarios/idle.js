// Nobody writes, and the path is dead all the same: the page finds out.
await connect();
window.setInterval = () => 0;
document.dispatchEvent(new Event('visibilitychange')); // it is looked at: the service knows the socket
await new Promise((resolve) => real(resolve, 300));
await ask('freeze');
hurry(20);
window.dispatchEvent(new Event('online')); // the network has changed
await until(() => state() !== 'open');
is(texts('note').at(-1), 'Connection closed (1006): The server does not answer.');
await ask('thaw');
await until(() => state() === 'open');
