"""The tools that keep the published contract true for the service and its callers.

    make openapi          writes openapi.json anew (`examples` asks the service for the answers in it)
    make contract         fails if openapi.json breaks callers of the last release (`gate`, `breaking`)
    make clients          generates a client for each language (`clients`), and packages two (`package_clients`)

`callers/` holds a program in each language that the tests compile with the generated client and run, and in
`callers/packaged` those that call by the packages. `client_packages/` holds what is written by hand in the packages: it
is packed together with the generated code, and imports it. The YAML and TOML
files configure the linters and generators; `schemathesis_hooks` teaches Schemathesis to send and read JSON Lines.
"""
