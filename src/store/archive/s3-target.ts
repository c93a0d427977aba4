/** What it takes to get at a bucket. The keys are secrets: nothing prints or logs one of these. */
export interface S3Target {
  /** `https://s3.eu-west-1.amazonaws.com`, `http://minio.internal:9000` */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Before every name; empty, or ends with a slash. */
  readonly prefix: string;
  /** The bucket in the path, not in the host's name. */
  readonly pathStyle: boolean;
  readonly accessKey: string;
  readonly secretKey: string;
  /** With temporary keys. */
  readonly sessionToken?: string | undefined;
}
