import { afterEach, describe, expect, it, vi } from 'vitest';
import { archiveTarget } from './archive-target.ts';
import { Config } from './config.ts';

afterEach(() => vi.unstubAllEnvs());

const place = { endpoint: 'https://s3.example.org', bucket: 'old-packets' };
const of = (archive: object) => archiveTarget(Config.parse({ archive }));

describe('the archive', () => {
  it('is a folder, or a bucket, or nothing', () => {
    expect(of({})).toBeNull();
    expect(of({ dir: '/srv/archive' })).toBe('/srv/archive');
    expect(of({ s3: { ...place, access_key: 'a', secret_key: 's' } })).toMatchObject({
      ...{ endpoint: 'https://s3.example.org', bucket: 'old-packets', prefix: '' },
      ...{ accessKey: 'a', secretKey: 's' },
    });
  });

  it('takes the keys of the environment where the configuration has none', () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'from-there');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'too');
    vi.stubEnv('AWS_SESSION_TOKEN', 'for an hour');
    const keys = { accessKey: 'from-there', secretKey: 'too', sessionToken: 'for an hour' };
    expect(of({ s3: place })).toMatchObject(keys);
    const own = of({ s3: { ...place, access_key: 'a', secret_key: 's' } });
    expect(own).toMatchObject({ accessKey: 'a', secretKey: 's', sessionToken: undefined });
  });

  it.each([
    [{ dir: '/srv/archive', s3: place }, 'both set'],
    [{ s3: { bucket: 'old-packets' } }, 'belong together'],
    [{ s3: place }, 'has no keys'],
    [{ s3: { ...place, access_key: 'a' } }, 'has no keys'],
  ])('%j is refused: %s', (archive, why) => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', '');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', '');
    expect(() => of(archive)).toThrow(why);
  });
});
