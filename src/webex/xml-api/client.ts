import type { Result } from "../../foundation/result.ts";
import type { Timers } from "../../foundation/timers.ts";
import type { XmlApiFault } from "./faults.ts";
import type { ListName, OperationName, Path, Request, Response } from "./operations.ts";
import type { SecurityContext } from "./request.ts";
import type { WrongField } from "./response.ts";

/** What the client needs of `fetch`, which fits as it is. */
export type PostFetch = (
  address: string,
  init: {
    readonly method: "POST";
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly redirect: "manual";
    readonly signal: AbortSignal;
  },
) => Promise<Pick<globalThis.Response, "status" | "headers" | "body">>;

export interface XmlApiPorts {
  readonly fetch: PostFetch;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface XmlApiSettings {
  /** Of the site's XML service, such as `https://example.webex.com/WBXService/XMLService`. */
  readonly address: string;
  readonly credentials: SecurityContext;
  /** For one exchange, its body included. */
  readonly timeoutMs?: number;
  readonly maxAnswerBytes?: number;
  /** Requests under way at once; the others wait in order. */
  readonly maxInFlight?: number;
  /** The pauses before `get` and `list` operations are tried again. */
  readonly retryPausesMs?: readonly number[];
  /** `get` and `list` operations wait until the site's rate limit lets them pass; without it they are refused, with the time to try again. */
  readonly waitsForRateLimit?: boolean;
}

export interface CallOptions<Name extends OperationName> {
  /** Other credentials than the client's. */
  readonly as?: SecurityContext;
  /**
   * The fields that are used, with all within them. Only in these is a wrong type a fault; elsewhere such a field is left out and listed in
   * `wrong`. All fields without it.
   */
  readonly reads?: readonly Path<Name>[];
}

export interface Answer<Name extends OperationName> {
  readonly value: Response<Name>;
  /** Fields that were left out, since their type is another than the table says and `reads` does not name them. */
  readonly wrong: readonly WrongField[];
  readonly gsbStatus?: "PRIMARY" | "BACKUP";
}

export interface ListOptions<Name extends ListName> extends CallOptions<Name> {
  /** Items of one page. */
  readonly pageSize?: number;
  /** No more items are asked for than these. */
  readonly most?: number;
}

/** The client of a site's XML API. It never throws and never rejects. */
export interface XmlApiClient {
  call<Name extends OperationName>(
    name: Name,
    request: Request<Name>,
    options?: CallOptions<Name>,
  ): Promise<Result<Answer<Name>, XmlApiFault>>;
}
export type { SecurityContext };
