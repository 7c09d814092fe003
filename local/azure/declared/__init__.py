"""Resource types that are data: what `local/azure/data/*.toml` says of each is all that they are.

A file is one provider's; a table in it is one type, named as the provider spells it. What a type
may say is read in `reading`, what it does with it in `behaviour`. A type whose behaviour differs
has a class in `types/` and may still leave its api-versions, its work and its lines to its table.
"""
