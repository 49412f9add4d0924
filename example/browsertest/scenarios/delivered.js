// Each message says how long its echo took, and the figures show the last.
await connect();
say('hello');
await until(() => rows('sent')[0]?.dataset.state === 'delivered');
if (!/\d\d:\d\d:\d\d · (<?\d+) ms$/.test(small(rows('sent')[0]))) throw new Error(small(rows('sent')[0]));
if (!/^<?\d+ ms$/.test($('trip').textContent)) throw new Error($('trip').textContent);
say('again');
await until(() => rows('received').length === 2 && !$('chart').hidden);
is($('spark').firstElementChild.getAttribute('points').split(' ').length, 2);
await until(() => $('rate').textContent !== '0/s');
