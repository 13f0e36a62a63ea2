import { type Call, hasText, isAsked, ordered, page } from "../call.ts";
import { Refusal } from "../refusals.ts";
import type { Tree, Value } from "../schema.ts";
import { group, groups, list, merge, text } from "../trees.ts";
import { changesAccounts, changesOwn, documented, inSchema, readsOwn, readsPublic, type Service } from "./operation.ts";
import { salesSessions } from "./sessions.ts";

interface ProductRow {
  readonly product_id: number;
  readonly name: string;
  readonly description: string;
}
interface AccountRow {
  readonly account_id: number;
  readonly owner_id: number;
  readonly name: string;
  readonly settings: string;
}
interface OpportunityRow {
  readonly opportunity_id: number;
  readonly owner_id: number;
  readonly account_id: number | null;
  readonly name: string;
  readonly settings: string;
}

export const sales: Service = {
  binding: "sales",
  prefix: "sales",
  operations: {
    ...salesSessions,
    addProducts: documented(changesAccounts, (call) => ({
      prodID: groups(call.request, "product").map((given) =>
        call.site.insert("products", {
          name: text(given, "name") ?? "",
          description: text(given, "description") ?? "",
        }),
      ),
    })),
    setProducts: documented(changesAccounts, (call) => ({
      prodID: groups(call.request, "product").map((given) => {
        const { name, description, prodID } = given;
        if (!call.site.one("SELECT 1 FROM products WHERE product_id = ?", Number(prodID)))
          throw new Refusal("noRecord");
        const changes = Object.entries({ name, description }).filter(([, value]) => value !== undefined);
        call.site.update(
          "products",
          Object.fromEntries(changes) as Record<string, string>,
          "product_id = ?",
          Number(prodID),
        );
        return prodID as Value;
      }),
    })),
    lstProducts: documented(readsPublic, (call) => {
      const ids = list(call.request, "prodID").map(Number);
      const found = call.site
        .all<ProductRow>("SELECT * FROM products ORDER BY product_id")
        .filter((row) => hasText(call.request.name, row.name) && (ids.length === 0 || ids.includes(row.product_id)));
      const columns = {
        PRODID: (row: ProductRow) => row.product_id,
        NAME: (row: ProductRow) => row.name.toLowerCase(),
        DESCRIPTION: (row: ProductRow) => row.description.toLowerCase(),
      };
      return page(call.request, ordered(call.request, found, columns), "product", (row) => ({
        name: row.name,
        description: row.description,
        prodID: row.product_id,
      }));
    }),
    createAccount: inSchema(changesOwn, (call) => {
      const { name, settings } = parts(group(call.request, "account"), []);
      const owner_id = call.owner(call.request.webExID).user_id;
      return {
        intAccountID: call.site.insert("accounts", { owner_id, name: name ?? "", settings: JSON.stringify(settings) }),
      };
    }),
    setAccount: inSchema(changesOwn, (call) => {
      const given = group(call.request, "account");
      const row = account(call, given.intAccountID);
      const { name = row.name, settings } = parts(given, ["intAccountID"]);
      const merged = JSON.stringify(merge(JSON.parse(row.settings), settings));
      call.site.update("accounts", { name, settings: merged }, "account_id = ?", row.account_id);
      return { intAccountID: row.account_id };
    }),
    lstAccounts: inSchema(readsOwn, (call) => {
      const { webExID, intAccountID, extAccountID, extSystemID, returnOppty } = call.request;
      const found = call.site
        .all<AccountRow>("SELECT * FROM accounts ORDER BY account_id")
        .filter((row) => call.owns(row.owner_id) && isAsked(webExID, call.site.userById(row.owner_id).web_ex_id))
        .filter((row) => isAsked(intAccountID, row.account_id))
        .filter((row) => isAsked(extAccountID, text(JSON.parse(row.settings), "extAccountID") ?? ""))
        .filter((row) => isAsked(extSystemID, text(JSON.parse(row.settings), "extSystemID") ?? ""));
      if (found.length === 0) throw new Refusal("noRecord");
      return {
        account: found.map((row) => ({
          ...(JSON.parse(row.settings) as Tree),
          name: row.name,
          intAccountID: row.account_id,
          ...(returnOppty === true && { opportunity: opportunities(call, row.account_id).map(opportunityTree) }),
        })),
      };
    }),
    createOpportunity: inSchema(changesOwn, (call) => {
      const given = group(call.request, "opportunity");
      const { name, settings } = parts(given, ["intAccountID"]);
      const owner_id = call.owner(call.request.webExID).user_id;
      const account_id = given.intAccountID === undefined ? null : account(call, given.intAccountID).account_id;
      const row = { owner_id, account_id, name: name ?? "", settings: JSON.stringify(settings) };
      return { intOpptyID: call.site.insert("opportunities", row) };
    }),
    setOpportunity: inSchema(changesOwn, (call) => {
      const given = group(call.request, "opportunity");
      const row = opportunities(call).find(({ opportunity_id }) => opportunity_id === given.intOpptyID);
      if (!row) throw new Refusal("noRecord");
      call.mustOwn(row.owner_id);
      const { name = row.name, settings } = parts(given, ["intAccountID", "intOpptyID"]);
      const account_id =
        given.intAccountID === undefined ? row.account_id : account(call, given.intAccountID).account_id;
      const changes = { name, account_id, settings: JSON.stringify(merge(JSON.parse(row.settings), settings)) };
      call.site.update("opportunities", changes, "opportunity_id = ?", row.opportunity_id);
      return { intOpptyID: row.opportunity_id };
    }),
    lstOpportunities: inSchema(readsOwn, (call) => {
      const { webExID, intAccountID, intOpptyID, extOpptyID, extSystemID, extAccountID } = call.request;
      const found = opportunities(call)
        .filter((row) => call.owns(row.owner_id) && isAsked(webExID, call.site.userById(row.owner_id).web_ex_id))
        .filter((row) => isAsked(intAccountID, row.account_id ?? "") && isAsked(intOpptyID, row.opportunity_id))
        .filter((row) => isAsked(extOpptyID, text(JSON.parse(row.settings), "extOpptyID") ?? ""))
        .filter((row) => isAsked(extSystemID, text(JSON.parse(row.settings), "extSystemID") ?? ""))
        .filter((row) => isAsked(extAccountID, externalAccount(call, row) ?? ""));
      if (found.length === 0) throw new Refusal("noRecord");
      return {
        opportunity: found.map((row) => ({ ...opportunityTree(row), extAccountID: externalAccount(call, row) })),
      };
    }),
  },
};

/** The name, and the rest but for these ids. */
function parts(given: Tree, ids: readonly string[]) {
  const { name, ...rest } = given;
  const settings = Object.fromEntries(Object.entries(rest).filter(([key]) => !ids.includes(key)));
  return { ...(name !== undefined && { name: String(name) }), settings } as { name?: string; settings: Tree };
}

function account(call: Call, id: Value | undefined): AccountRow {
  const row = call.site.one<AccountRow>("SELECT * FROM accounts WHERE account_id = ?", Number(id));
  if (!row) throw new Refusal("noRecord");
  call.mustOwn(row.owner_id);
  return row;
}

function opportunities(call: Call, accountId?: number): OpportunityRow[] {
  return call.site
    .all<OpportunityRow>("SELECT * FROM opportunities ORDER BY opportunity_id")
    .filter(({ account_id }) => accountId === undefined || account_id === accountId);
}

function opportunityTree(row: OpportunityRow): Tree {
  const settings: Tree = JSON.parse(row.settings);
  return { ...settings, name: row.name, intAccountID: row.account_id ?? undefined, intOpptyID: row.opportunity_id };
}

function externalAccount(call: Call, row: OpportunityRow): string | undefined {
  const found = call.site.one<AccountRow>("SELECT * FROM accounts WHERE account_id = ?", row.account_id ?? 0);
  return found && text(JSON.parse(found.settings), "extAccountID");
}
