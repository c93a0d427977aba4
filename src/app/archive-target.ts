/** The archive that the configuration names. Keys that it does not have come from the environment, as other S3 clients take them. */
import { AppError } from '../errors.ts';
import type { ArchiveTarget } from '../store/archive/archive-place.ts';
import type { Config } from './config.ts';

/** Null: there is none. @throws AppError `config_invalid`: half of one is named, or two are. */
export function archiveTarget({ archive }: Config): ArchiveTarget | null {
  const { dir, s3 } = archive;
  const { endpoint, bucket, region, prefix, path_style: pathStyle } = s3;
  if (endpoint === null && bucket === null) return dir;
  if (dir !== null) throw invalid('archive.dir and archive.s3 are both set: one is the archive');
  if (endpoint === null || bucket === null)
    throw invalid('archive.s3.endpoint and archive.s3.bucket belong together');
  const isConfigured = s3.access_key !== null || s3.secret_key !== null;
  const accessKey = isConfigured ? s3.access_key : process.env.AWS_ACCESS_KEY_ID;
  const secretKey = isConfigured ? s3.secret_key : process.env.AWS_SECRET_ACCESS_KEY;
  if (!accessKey || !secretKey)
    throw invalid(
      'archive.s3 has no keys: set access_key and secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment',
    );
  const sessionToken = isConfigured ? undefined : process.env.AWS_SESSION_TOKEN;
  return { endpoint, bucket, region, prefix, pathStyle, accessKey, secretKey, sessionToken };
}

function invalid(why: string): AppError {
  return new AppError('config_invalid', `Cannot use the archive: ${why}`);
}
