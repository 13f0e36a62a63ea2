/** What the kit needs of the world around it: the time, the network. Tests hand in others, so that no time passes. */
export interface Ports {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** One HTTP request. Rejects if there is no answer: refused, reset, or none within `timeoutMs`. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Posts each text as told, all over one connection where the server keeps it. Rejects like `send`. */
  post(url: string, bodies: readonly string[], how: Spelling): Promise<readonly HttpAnswer[]>;
  /** Serves HTTP at `host:port`, HTTPS with `tls`; port 0 takes any. Rejects if the address cannot be had. */
  listen(address: string, handle: Handler, tls?: Tls): Promise<Listener>;
}

/** A certificate and its key, as PEM. */
export interface ServerKeys {
  readonly certificate: string;
  readonly key: string;
}

export interface Tls extends ServerKeys {
  /** Told when somebody connects and no request comes of it, with what is known about it. */
  readonly onFailure: (why: string) => void;
}

/** How a post is written, where HTTP leaves it to the client; without all of it as `send` does. */
export interface Spelling {
  /** Empty: there is none. */
  readonly contentType?: string;
  readonly framing?: "chunked" | "expect" | "gzip";
  /** Names of headers. */
  readonly isUpperCase?: boolean;
  readonly version?: "1.0";
  readonly isWithoutHost?: boolean;
  /** All at once, before the first answer. */
  readonly isPipelined?: boolean;
  /** The text, with a byte order mark. */
  readonly isUtf16?: boolean;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly contentType?: string;
  /** Of one that was written otherwise than usual, with its place on the connection. */
  readonly spelling?: Spelling & { readonly place: number };
  /** Default 15 s. */
  readonly timeoutMs?: number;
  /** Of the answer; default 1 MiB. */
  readonly mostBytes?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** Of an answer to send: default is a content type. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of an answer to send: the body as it is written, in another encoding than UTF-8. */
  readonly bytes?: Uint8Array;
  readonly isChunked?: boolean;
}

/** `reset`: the connection is broken without an answer. `hang`: it stays open, and nothing comes. */
export type Handler = (request: HttpRequest) => Promise<HttpAnswer | "reset" | "hang">;

export interface Listener {
  /** `host:port`, with the port that was taken. */
  readonly address: string;
  close(): Promise<void>;
}

export const TIMEOUT_MS = 15_000;
