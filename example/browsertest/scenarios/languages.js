// The language can be switched, all that is on the page changes with it, and it is kept.
say('waits');
await connect();
await until(() => rows('received').length === 1);
is($('language').textContent, '中文');
$('language').click();
is(document.documentElement.lang, 'zh-CN');
is([$('state').textContent, $('send').textContent, $('language').textContent], ['已连接', '发送', 'English']);
if (!/\d (毫秒)$/.test(small(rows('sent')[0]))) throw new Error(small(rows('sent')[0]));
is(document.title, 'wsecho · 已连接');
choose('target', 'room');
await until(() => !$('present').hidden);
if (!/^访客 \d+（你）$/.test($('members').textContent)) throw new Error($('members').textContent);
$('figures').open = true;
$('extras').open = true;
await until(() => document.querySelector('#figures td[data-handler="/ws"]'));
await until(() => document.querySelector('#figures tr[data-stat=ended] [data-handler="/ws"]').textContent === '客户端关闭 1');
// Nothing is left in English but names.
const latin = [];
for (const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walk.nextNode(); ) {
  const text = walk.currentNode.textContent.replace(/wsecho|WebSocket|English|lobby|waits|echo-protocol|rooms\.v1|HTTP\/1\.1|kB|MB|\/rooms|\/ws/g, '');
  if (/[a-z]/i.test(text)) latin.push(text);
}
is(latin, []);
is(localStorage.getItem('wsecho.language'), 'zh-CN');
const { words } = await import('./language.js?fresh'); // as at the next visit
is(words.send, '发送');
localStorage.clear();
