import type { Values } from "../wire/codec.ts";
import { Refusal } from "./refusal.ts";
import { seed } from "./seed.ts";
import { type CredentialKind, type ServiceCode, Store, type Things } from "./store.ts";
import { text } from "./values.ts";

/** Time without use after which session tickets and cookies expire. */
export const idleMs = 30 * 60_000;
export const siteId = "243585";
export const siteName = "harbour";
export const partnerId = "quay7";
export const siteZone = 4;

export type SiteUser = Things["user"];
export type Session = Things["session"];
export type Attendee = Things["attendee"];

export interface SiteOptions {
  /** Database file, or `:memory:`. */
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Returns a new random text for tickets, cookies and first passwords. */
  readonly draw: () => string;
  /** URL of the server, such as `http://127.0.0.1:8796`. */
  readonly address: string;
  /** Receives all users' passwords, at the start and after each change. */
  readonly onPasswords?: (passwords: Readonly<Record<string, string>>) => void;
}

/** The data of one site. */
export class SiteData {
  readonly store: Store;
  readonly options: SiteOptions;
  #told = "";

  constructor(options: SiteOptions) {
    this.options = options;
    this.store = new Store(options.file);
    if (this.store.all("site").length === 0) this.atOnce(() => seed(this));
    this.#tellPasswords();
  }

  /** Resets the site. The first users keep their passwords. */
  reset(): void {
    const before = this.passwords;
    this.atOnce(() => {
      this.store.clear();
      seed(this);
      for (const user of this.store.all("user"))
        this.store.change("user", user, { password: before[nameOf(user)] ?? user.password });
    });
  }

  now(): number {
    return this.options.now();
  }

  get own(): Things["site"] {
    return this.store.all("site")[0] as Things["site"];
  }

  get settings(): Values {
    return this.own.settings;
  }

  /** Returns the URL of a page of the site. */
  url(page = "", query: Readonly<Record<string, string | number>> = {}): string {
    const given = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
    return `${this.options.address}/${siteName}/${page}${given === "" ? "" : `?${given}`}`;
  }

  atOnce<Result>(act: () => Result): Result {
    const result = this.store.atOnce(act);
    this.#tellPasswords();
    return result;
  }

  user(key: number): SiteUser {
    return this.store.get("user", key) as SiteUser;
  }

  userNamed(name: unknown): SiteUser | undefined {
    return this.#userBy(nameOf, name);
  }

  userByEmail(email: unknown): SiteUser | undefined {
    return email === "" ? undefined : this.#userBy(emailOf, email);
  }

  #userBy(read: (user: SiteUser) => string, value: unknown): SiteUser | undefined {
    return this.store.all("user").find((user) => read(user).toLowerCase() === String(value).toLowerCase());
  }

  session(key: unknown, services: readonly ServiceCode[] = []): Session {
    const session = this.store.get("session", Number(key));
    if (!session || (services.length > 0 && !services.includes(session.service))) throw new Refusal("noSession");
    return session;
  }

  attendees({ key }: Pick<Session, "key">): readonly Attendee[] {
    return this.store.all("attendee", { sessionKey: key });
  }

  issue(kind: CredentialKind, user: SiteUser): string {
    const value = this.options.draw();
    for (const old of this.store.all("credential"))
      if (old.kind !== "access-token" && this.now() - old.lastUsed >= idleMs) this.store.remove("credential", old.key);
    this.store.add("credential", { value, kind, userId: user.key, lastUsed: this.now() });
    return value;
  }

  /** Returns the user of a credential, and extends its validity. */
  bearer(kind: CredentialKind, value: unknown): SiteUser | undefined {
    const found = this.store.all("credential", { kind, value: String(value) })[0];
    if (!found || (kind !== "access-token" && this.now() - found.lastUsed >= idleMs)) return undefined;
    this.store.change("credential", found, { lastUsed: this.now() });
    return this.store.get("user", found.userId);
  }

  withdraw(kind: CredentialKind, value: string): void {
    for (const { key } of this.store.all("credential", { kind, value })) this.store.remove("credential", key);
  }

  mail(receiver: string, about: string): void {
    if (receiver === "") return;
    this.store.add("mail", { at: this.now(), receiver, about });
    this.store.trim("mail");
  }

  note(entry: Omit<Things["request"], "key" | "at">): void {
    this.store.add("request", { ...entry, at: this.now() });
    this.store.trim("request");
  }

  get passwords(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.store.all("user").map((user) => [nameOf(user), user.password]));
  }

  #tellPasswords(): void {
    const now = JSON.stringify(this.passwords);
    if (now !== this.#told) this.options.onPasswords?.(this.passwords);
    this.#told = now;
  }
}

export function nameOf({ profile }: SiteUser): string {
  return text(profile, "webExId") ?? "";
}

export function emailOf({ profile }: SiteUser): string {
  return text(profile, "email") ?? "";
}

export function fullName({ profile }: SiteUser): string {
  return [profile.firstName, profile.lastName].filter(Boolean).join(" ");
}
