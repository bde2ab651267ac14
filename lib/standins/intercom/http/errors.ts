/** Errors in Intercom's words (docs/intercom-api.md 3). Routes throw them; handler.ts turns them into answers. */

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** A bare nginx page instead of JSON (docs/intercom-api.md 1, 3.2). */
export class HtmlError extends Error {
  override readonly name = 'HtmlError';
  readonly status: number;

  constructor(status: number, title: string) {
    super(title);
    this.status = status;
  }
}

export const nginxPage = (status: number, title: string): string =>
  `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;

export const notFound = (message = 'Resource Not Found'): ApiError => new ApiError(404, 'not_found', message);

/** The error envelope (docs/intercom-api.md 3). If `requestId` is undefined, the key is left out. */
export const errorBody = (error: ApiError, requestId: string | null | undefined): string =>
  JSON.stringify({
    type: 'error.list',
    ...(requestId === undefined ? {} : { request_id: requestId }),
    errors: [{ code: error.code, message: error.message }],
  });
