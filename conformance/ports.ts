/** What the kit needs of the world around it: the time, the network. Tests hand in others, so that no time passes. */
export interface Ports {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** One HTTP request. Rejects if there is no answer: refused, reset, or none within `timeoutMs`. */
  send(request: HttpRequest): Promise<HttpAnswer>;
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

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly contentType?: string;
  /** Default 15 s. */
  readonly timeoutMs?: number;
  /** Of the answer; default 1 MiB. */
  readonly mostBytes?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** `reset`: the connection is broken without an answer. `hang`: it stays open, and nothing comes. */
export type Handler = (request: HttpRequest) => Promise<HttpAnswer | "reset" | "hang">;

export interface Listener {
  /** `host:port`, with the port that was taken. */
  readonly address: string;
  close(): Promise<void>;
}

export const TIMEOUT_MS = 15_000;
