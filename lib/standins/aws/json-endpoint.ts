import type { IncomingMessage, ServerResponse } from 'node:http';
import { diskTrouble } from './disk-trouble.ts';
import { AwsFailure, type JsonObject, type JsonOperations, parseRequest } from './json-protocol.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';
import { readBody } from './read-body.ts';

/** Step Functions takes 256 KiB of input and Secrets Manager 64 KiB. Escaping may double that. */
const BODY_LIMIT_BYTES = 1024 * 1024;

export interface JsonEndpointOptions {
  readonly accessKeyId: string;
  readonly operations: JsonOperations;
  /** Named in the message if the disk refuses. */
  readonly folder: string;
}

/** One server for all services of the JSON protocol. `X-Amz-Target` names the operation. */
export function startJsonEndpoint(options: JsonEndpointOptions): Promise<LoopbackServer> {
  const operations = new Map(Object.entries(options.operations));
  return startLoopbackServer(
    options.accessKeyId,
    (response, why) => answerFailure(response, new AwsFailure('AccessDeniedException', why, 403)),
    async (request, response) => {
      try {
        const operation = operations.get(targetOf(request));
        if (operation === undefined) throw unknownOperation(request, [...operations.keys()]);
        const body = await readBody(request, BODY_LIMIT_BYTES);
        if (body === undefined)
          throw new AwsFailure('RequestEntityTooLarge', 'The request is over 1 MiB.', 413);
        answer(response, 200, await operation(parseRequest(body.toString('utf8'))), contentTypeOf(request));
      } catch (error) {
        request.resume();
        answerFailure(response, asFailure(error, options.folder));
      }
    },
  );
}

function targetOf(request: IncomingMessage): string {
  const target = request.headers['x-amz-target'];
  return typeof target === 'string' ? target : '';
}

function unknownOperation(request: IncomingMessage, known: readonly string[]): AwsFailure {
  const asked = targetOf(request) || `${request.method ?? ''} ${request.url ?? ''}`;
  return new AwsFailure(
    'UnknownOperationException',
    `The embedded AWS has no operation ${asked}. It has S3, DynamoDB and ${known.join(', ')}.`,
  );
}

function asFailure(error: unknown, folder: string): AwsFailure {
  if (error instanceof AwsFailure) return error;
  const trouble = diskTrouble(error, folder);
  if (trouble?.kind === 'full') return new AwsFailure('InsufficientStorage', trouble.message, 507);
  if (trouble?.kind === 'denied') return new AwsFailure('AccessDeniedException', trouble.message, 403);
  return new AwsFailure('InternalFailure', error instanceof Error ? error.message : String(error), 500);
}

function answerFailure(response: ServerResponse, failure: AwsFailure): void {
  answer(
    response,
    failure.status,
    { __type: failure.type, message: failure.message },
    'application/x-amz-json-1.1',
  );
}

function contentTypeOf(request: IncomingMessage): string {
  return request.headers['content-type'] ?? 'application/x-amz-json-1.1';
}

function answer(response: ServerResponse, status: number, body: JsonObject, contentType: string): void {
  const bytes = Buffer.from(JSON.stringify(body), 'utf8');
  response.writeHead(status, { 'content-type': contentType, 'content-length': bytes.length });
  response.end(bytes);
}
