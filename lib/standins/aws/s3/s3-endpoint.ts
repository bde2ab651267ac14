import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LoopbackServer, startLoopbackServer } from '../loopback-server.ts';
import type { Buckets } from './buckets.ts';
import { deleteObjects } from './delete-objects.ts';
import { pathOfKey } from './keys.ts';
import { listObjects, listVersions, parseListRequest, parseVersionsRequest } from './list-objects.ts';
import { putObject } from './put-object.ts';
import { readObject } from './read-object.ts';
import { parseS3Request } from './route.ts';
import { asS3Failure, S3Failure } from './s3-failure.ts';
import { xmlError } from './xml.ts';

export interface S3EndpointOptions {
  readonly accessKeyId: string;
  readonly buckets: Buckets;
  /** On the same file system as the buckets' folders. */
  readonly temporaryFolder: string;
}

/** S3 over folders: each object is a plain file whose path is its key. */
export function startS3Endpoint(options: S3EndpointOptions): Promise<LoopbackServer> {
  return startLoopbackServer(
    options.accessKeyId,
    (response, why) => answerFailure(response, new S3Failure('AccessDenied', why), '/'),
    async (request, response) => {
      response.setHeader('x-amz-request-id', randomUUID());
      let folder = options.temporaryFolder;
      try {
        const { operation, bucket, key, query } = parseS3Request(request);
        folder = options.buckets.folderOf(bucket);
        switch (operation) {
          case 'PutObject': {
            const path = pathOfKey(folder, key);
            const { temporaryFolder } = options;
            response.setHeader('etag', await putObject({ request, key, path, temporaryFolder }));
            return answer(response, 200);
          }
          case 'GetObject':
            return await readObject(response, pathOfKey(folder, key));
          case 'DeleteObjects':
            return answer(response, 200, await deleteObjects(request, folder));
          case 'ListObjectsV2':
            return answer(response, 200, await listObjects(bucket, folder, parseListRequest(query)));
          case 'ListObjectVersions':
            return answer(response, 200, await listVersions(bucket, folder, parseVersionsRequest(query)));
          default:
            return operation satisfies never;
        }
      } catch (error) {
        refuseRequest(request, response, asS3Failure(error, folder));
      }
    },
  );
}

/** Answers with a failure. If an answer has already begun, breaking it off is the only way to report the failure. */
function refuseRequest(request: IncomingMessage, response: ServerResponse, failure: S3Failure): void {
  if (response.headersSent) {
    response.destroy(failure);
    return;
  }
  // Reads the rest of the request. Otherwise the sender would see a broken connection instead of the answer.
  request.resume();
  answerFailure(response, failure, request.url ?? '/');
}

function answerFailure(response: ServerResponse, failure: S3Failure, resource: string): void {
  answer(response, failure.status, xmlError(failure.code, failure.message, resource));
}

function answer(response: ServerResponse, status: number, xml = ''): void {
  const bytes = Buffer.from(xml, 'utf8');
  response.writeHead(status, {
    'content-length': bytes.length,
    ...(xml !== '' && { 'content-type': 'application/xml' }),
  });
  response.end(bytes);
}
