// More to try: binary and large messages, and a close code of one's own.
await connect();
$('sample').value = 'binary';
$('send-sample').click();
$('sample').value = 'large';
$('send-sample').click();
await until(() => rows('received').length === 2);
is(texts('received')[0], '16 bytes of binary data');
if (!texts('received')[1].endsWith('(99,995 characters)')) throw new Error(texts('received')[1].slice(-100));
$('extras').open = true;
for (const code of ['999', '1001', '2999', '5000', 'x', '3000.5', '']) {
  $('code').value = code;
  $('close').click();
  is([state(), $('code').getAttribute('aria-invalid'), document.activeElement.id], ['open', 'true', 'code']);
  is($('code-error').textContent, 'A close code is 1000, or a number from 3000 to 4999.');
}
$('code').value = '4321';
$('code').dispatchEvent(new InputEvent('input'));
is([$('code').getAttribute('aria-invalid'), $('code-error').textContent], [null, '']);
$('close').click();
await until(() => state() === 'off');
is(texts('note').at(-1).startsWith('Connection closed (4321)'), true);
is($('switch').checked, false);
