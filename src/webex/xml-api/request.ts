/** The site by its name in the address or by its number. */
export type SiteRef = { readonly siteName: string } | { readonly siteId: string };

/** The person, by user name or by e-mail address. */
export type Person = { readonly webExId: string } | { readonly email: string };

/** Who asks. `anonymous` is only for getSessionInfo. */
export type SecurityContext =
  | { readonly form: "anonymous"; readonly site: SiteRef }
  | {
      readonly form: "password";
      readonly site: SiteRef;
      readonly person: Person;
      readonly password: string;
      readonly partnerId?: string;
    }
  /** A ticket of getLoginTicket or authenticateUser. */
  | {
      readonly form: "ticket";
      readonly site: SiteRef;
      readonly person: Person;
      readonly sessionTicket: string;
      readonly partnerId?: string;
    }
  /** A token of WebEx's OAuth. */
  | {
      readonly form: "token";
      readonly site: SiteRef;
      readonly person?: Person;
      readonly accessToken: string;
      readonly partnerId?: string;
    };
