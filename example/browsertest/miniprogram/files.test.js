// The mini program's files, as WeChat's tools read them.
import assert from 'node:assert/strict';
import { access, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { load } from './page.js';
import { createPhone } from './phone.js';

const folder = new URL('../../miniprogram/', import.meta.url);
const json = async (name) => JSON.parse(await readFile(new URL(name, folder), 'utf8'));

test('every file that the program lists is there', async () => {
  const app = await json('app.json');
  for (const page of app.pages) {
    for (const kind of ['js', 'wxml', 'wxss', 'json']) await access(new URL(`${page}.${kind}`, folder));
  }
  const themes = await json(app.themeLocation);
  for (const value of Object.values(app.window).filter((v) => v.startsWith('@'))) {
    for (const theme of ['light', 'dark']) assert.ok(themes[theme][value.slice(1)], `${theme} ${value}`);
  }
  assert.deepEqual((await json(app.sitemapLocation)).rules, [{ action: 'allow', page: '*' }]);
  await json('project.config.json');
});

test('the template names only what the page has', async () => {
  createPhone();
  const page = load();
  const template = await readFile(new URL('pages/index/index.wxml', folder), 'utf8');
  const events = [...template.matchAll(/\bbind\w+="(\w+)"/g)].map((m) => m[1]);
  assert.ok(events.length > 5);
  for (const name of events) assert.equal(typeof page.component.instance[name], 'function', name);
  const names = [...template.matchAll(/\{\{(.*?)\}\}/g)].flatMap((m) => m[1].replace(/'[^']*'/g, '').match(/[a-z]\w*(\.\w+)*/gi));
  for (const name of names) {
    const [first, second] = name.split('.');
    if (['item', 'block'].includes(first)) continue; // of wx:for
    assert.ok(first in page.data, name);
    if (first === 'words') assert.equal(typeof page.data.words[second], 'string', name);
  }
  page.unload();
});

test('the README says what has to be known, in both languages', async () => {
  const readme = await readFile(new URL('README.md', folder), 'utf8');
  for (const words of ['不校验合法域名', 'servicewechat.com', 'wss', 'No real phone', '没有在真机上']) assert.ok(readme.includes(words), words);
});
