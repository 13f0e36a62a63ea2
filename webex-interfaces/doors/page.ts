export { interfacesPage } from "../page/interfaces-page.ts";
