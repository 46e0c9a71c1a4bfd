"""The control room's pages: views make the content, templates the HTML, `app` the routes."""
