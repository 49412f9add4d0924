// at #auto
// Opened so, the page connects by itself.
await until(() => state() === 'open');
is($('connect').hidden, true);
say('hello');
await until(() => rows('received').length === 1);
