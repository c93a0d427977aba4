import { expect, it } from 'vitest';
import { hexOf } from '../../crypto/sha256.ts';
import { RFC_ID } from './initial.suite.ts';
import { initialKeys } from './initial-keys.ts';
import { openableVersion } from './versions.ts';

it.each([
  {
    rfc: '9001 A.1',
    version: 0x0000_0001,
    key: '1f369613dd76d5467730efcbe3b1a22d',
    iv: 'fa044b2f42a3fd3b46fb255c',
    headerKey: '9f50449e04a0e810283a1e9933adedd2',
  },
  {
    rfc: '9369 A.1',
    version: 0x6b33_43cf,
    key: '8b1a0bc121284290a29e0971b5cd045d',
    iv: '91f73e2351d8fa91660e909f',
    headerKey: '45b95e15235d6f45a6b19cbcb0294ba9',
  },
])('derives the keys of RFC $rfc', ({ version, key, iv, headerKey }) => {
  const keys = initialKeys(openableVersion(version)!, RFC_ID);
  expect([hexOf(keys.key), hexOf(keys.iv), hexOf(keys.headerKey)]).toEqual([key, iv, headerKey]);
});
