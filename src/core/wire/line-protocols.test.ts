import { describe, expect, it } from 'vitest';
import { ascii, bytesOf } from './hex-frame.suite.ts';
import { isCommandLine, readReplyCode } from './line-protocols.ts';

describe('reply codes', () => {
  it.each([
    ['530 Login incorrect.\r\n', 530],
    ['220-Welcome\r\n', 220],
    ['250\r\n', 250],
    ['530', -1],
    ['53', -1],
    ['5300 x', -1],
    ['abc', -1],
    ['000 x', -1],
    ['999 x', -1],
  ])('of %j', (text, code) => {
    const bytes = bytesOf(ascii(text));
    expect(readReplyCode(bytes, 0, bytes.length)).toBe(code);
  });
});

describe('commands', () => {
  it.each([
    ['USER anonymous\r\n', true],
    ['quit\r\n', true],
    ['STARTTLS\r\n', true],
    ['ab\r\n', false],
    ['USER', false],
    ['ABCDEFGHI x', false],
    ['US3R x', false],
  ])('%j', (text, isCommand) => {
    const bytes = bytesOf(ascii(text));
    expect(isCommandLine(bytes, 0, bytes.length)).toBe(isCommand);
  });
});
