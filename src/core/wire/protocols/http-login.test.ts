import { expect, it } from 'vitest';
import { isLogin } from './http.ts';

it.each([
  ['POST', '/login', true],
  ['POST', '/wp-login.php?redirect=1', true],
  ['POST', '/api/v1/session', true],
  ['POST', '/oauth/authorize', true],
  ['POST', '/index.php?page=1&action=login', true],
  ['GET', '/login', false],
  ['POST', '/authors', false],
  ['POST', '/queue/getmessage?interval=25&auth=c87d54071c44', false],
  ['POST', '/upload?session=4711', false],
  ['POST', null, false],
])('%s %s: %s', (method, path, expected) => {
  expect(isLogin(method, path)).toBe(expected);
});
