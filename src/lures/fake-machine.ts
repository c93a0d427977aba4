/** The machine that the SSH lure pretends to be: a small Ubuntu server. All of it is made up here; nothing is read from the real one. */

export const HOSTNAME = 'web-03';
export const KERNEL = '5.15.0-91-generic';
export const SSH_SOFTWARE = 'OpenSSH_8.9p1 Ubuntu-3ubuntu0.10';

export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  '/': [
    'bin',
    'boot',
    'dev',
    'etc',
    'home',
    'lib',
    'opt',
    'proc',
    'root',
    'run',
    'sbin',
    'srv',
    'tmp',
    'usr',
    'var',
  ],
  '/bin': [],
  '/boot': [],
  '/dev': ['null', 'shm'],
  '/dev/shm': [],
  '/etc': ['hostname', 'hosts', 'issue', 'os-release', 'passwd', 'shadow'],
  '/home': ['ubuntu'],
  '/home/ubuntu': [],
  '/opt': [],
  '/proc': ['cpuinfo', 'meminfo', 'version'],
  '/root': ['backup.sh'],
  '/run': [],
  '/srv': [],
  '/tmp': [],
  '/usr': ['bin', 'lib', 'local', 'sbin', 'share'],
  '/var': ['backups', 'lib', 'log', 'www'],
  '/var/log': ['auth.log', 'syslog'],
  '/var/tmp': [],
  '/var/www': ['html'],
  '/var/www/html': ['index.html'],
};

export const FILES: Readonly<Record<string, string>> = {
  '/etc/hostname': `${HOSTNAME}\n`,
  '/etc/hosts': `127.0.0.1 localhost\n127.0.1.1 ${HOSTNAME}\n`,
  '/etc/issue': 'Ubuntu 22.04.3 LTS \\n \\l\n\n',
  '/etc/os-release':
    'PRETTY_NAME="Ubuntu 22.04.3 LTS"\nNAME="Ubuntu"\nVERSION_ID="22.04"\nVERSION="22.04.3 LTS (Jammy Jellyfish)"\nVERSION_CODENAME=jammy\nID=ubuntu\nID_LIKE=debian\n',
  '/etc/passwd': `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
sshd:x:106:65534::/run/sshd:/usr/sbin/nologin
ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash
`,
  '/proc/cpuinfo': `processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 79
model name\t: Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz
cpu MHz\t\t: 2299.998
cache size\t: 46080 KB
`,
  '/proc/meminfo':
    'MemTotal:        2030972 kB\nMemFree:          412340 kB\nMemAvailable:    1523788 kB\n',
  '/proc/version': `Linux version ${KERNEL} (buildd@lcy02-amd64-045) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0) #101-Ubuntu SMP Tue Nov 14 13:30:08 UTC 2023\n`,
  '/root/backup.sh': '#!/bin/sh\ntar czf /var/backups/www.tgz /var/www/html\n',
  '/var/www/html/index.html': '<html><body><h1>It works!</h1></body></html>\n',
};

/** Not readable by anyone but root, as on a real one. */
export const SECRET_FILES: ReadonlySet<string> = new Set([
  '/etc/shadow',
  '/var/log/auth.log',
  '/var/log/syslog',
]);

/** Null if it is no file. */
export function fileBytes(path: string): number | null {
  if (SECRET_FILES.has(path)) return 1182;
  return Object.hasOwn(FILES, path) ? (FILES[path]?.length ?? 0) : null;
}
