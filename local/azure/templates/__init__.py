"""Resource Manager's template language: what a template says, without any world around it.

`lenient` reads the text, `expressions` the language inside its strings, `evaluation` gives values,
`effort` bounds what that may take, `functions` has the functions by family, `parameters` holds
what is given against what is declared, `shapes` values against types, `plan` turns a template into
the resources it asks for and their order. Nothing here knows the simulated subscription: what a
function must ask of one is a `Runtime`, which whoever deploys brings.

Source: learn.microsoft.com, "Understand the structure and syntax of ARM templates" and "ARM
template functions", and Azure/azure-resource-manager-schemas for the members.
"""
