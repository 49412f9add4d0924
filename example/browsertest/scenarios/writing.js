// Enter sends; Shift+Enter and an input method's Enter do not; lines stay lines, and each
// script runs its own way.
await connect();
is(document.activeElement.id, 'message');
$('message').value = 'a\n\nb';
press('Enter', { shiftKey: true });
press('Enter', { isComposing: true });
is(rows('sent'), []);
press('Enter');
say('שלום');
await until(() => rows('received').length === 2);
is(texts('received'), ['a\n\nb', 'שלום']);
const paragraphs = rows('received').map((li) => li.querySelector('p'));
is(paragraphs.map((p) => getComputedStyle(p).direction), ['ltr', 'rtl']);
is(getComputedStyle(paragraphs[0]).whiteSpace.replace('preserve', 'pre-wrap'), 'pre-wrap');
is($('message').value, '');
const low = $('message').offsetHeight;
$('message').value = 'a\nb\nc';
$('message').dispatchEvent(new InputEvent('input', { bubbles: true }));
if ($('message').offsetHeight <= low) throw new Error('the box does not grow');
is($('message').dir, 'auto');
