"""Each function of the template language: what it gives, and what it refuses."""

from typing import Any

import pytest

from local.azure.templates import functions
from local.azure.templates.errors import NotYet, TemplateError
from local.azure.templates.expressions import Call, Member, Node, parse
from tests.templates import GROUP, SUBSCRIPTION, a_scope, evaluated

DOGS = "createArray(createObject('n', 'Evie', 'a', 5), createObject('n', 'Kira', 'a', 8))"
THREE = "createArray('one', 'two', 'three')"
VM = "Microsoft.Compute/virtualMachines"
NIL = "createArray()"

# expression, value
GOOD: list[tuple[str, Any]] = [
    ("add(1, 2)", 3),
    ("add(9223372036854775806, 1)", 9223372036854775807),
    ("and(true(), true(), false())", False),
    ("and(false(), fail('never asked'))", False),
    ("array(1)", [1]),
    ("array(createArray(1))", [1]),
    ("base64('one, two, three')", "b25lLCB0d28sIHRocmVl"),
    ("base64('é')", "w6k="),
    ("base64ToJson(base64('{''one'': ''a''}'))", {"one": "a"}),
    ("base64ToString('b25lLCB0d28sIHRocmVl')", "one, two, three"),
    ("bool('TRUE')", True),
    ("bool(0)", False),
    ("cidrHost('10.144.3.0/24', 4)", "10.144.3.5"),
    ("cidrHost('10.0.0.0/31', 0)", "10.0.0.0"),
    ("cidrSubnet('10.144.0.0/20', 24, 3)", "10.144.3.0/24"),
    ("cidrSubnet('fdad:3236:5555::/48', 52, 1)", "fdad:3236:5555:1000::/52"),
    ("coalesce(null(), null(), 'a', fail('never asked'))", "a"),
    ("coalesce(null())", None),
    ("concat('a', 'b')", "ab"),
    ("concat(100, 'aaa', true())", "100aaaTrue"),
    ("concat(createArray(1), createArray(), createArray('a'))", [1, "a"]),
    ("contains('OneTwo', 'eT')", True),
    ("contains('OneTwo', 'et')", False),
    ("contains(createObject('One', 1), 'ONE')", True),
    ("contains(createArray(1, 'a'), 'A')", False),
    ("contains(createArray(1), true())", False),
    ("copyIndex('loop', 10)", 12),
    ("copyIndex()", 2),
    ("copyIndex(1)", 3),
    ("createArray(1, 'a', createArray())", [1, "a", []]),
    ("createObject('a', 1, 'b', null())", {"a": 1, "b": None}),
    ("createObject()", {}),
    ("dataUri('Hello')", "data:text/plain;charset=utf8;base64,SGVsbG8="),
    ("dataUri(100)", "data:application/json;charset=utf8;base64,MTAw"),
    ("dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')", "Hello, World!"),
    ("dataUriToString('data:text/plain;charset=UTF-8;page=21,the%20data:1,5')", "the data:1,5"),
    ("dataUriToString(dataUri(100))", 100),
    ("dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y')", "2023-04-07T14:53:14Z"),
    ("dateTimeAdd('2020-04-07T14:53:14.1234567+02:00', '-P9DT1H')", "2020-03-29T11:53:14Z"),
    ("dateTimeAdd('4/7/2020 2:53:14 PM', 'PT1H', 'h:mm tt')", "3:53 PM"),
    ("dateTimeAdd('20200407T145314Z', 'PT0.5S', 'o')", "2020-04-07T14:53:14.5000000Z"),
    (
        "dateTimeAdd('Tue, 07 Apr 2020 14:53:14 GMT', 'P1W', 'dddd d MMMM yy')",
        "Tuesday 14 April 20",
    ),
    ("dateTimeAdd('4/7/2020', 'P1D', 's')", "2020-04-08T00:00:00"),
    ("dateTimeAdd('4/7/2020 14:53:14', 'P1D', 's')", "2020-04-08T14:53:14"),
    ("dateTimeFromEpoch(1683040573)", "2023-05-02T15:16:13Z"),
    ("dateTimeToEpoch('2023-05-02T15:16:13Z')", 1683040573),
    ("deployer().objectId", "o"),
    ("deployment().name", "main"),
    ("div(8, 3)", 2),
    ("div(-7, 2)", -3),
    ("empty('')", True),
    ("empty(null())", True),
    ("empty(createObject('a', 1))", False),
    ("endsWith('abcdef', 'EF')", True),
    ("endsWith('abcdef', 'e')", False),
    ("environment().name", "AzureCloud"),
    (
        "equals(createArray(1, createObject('a', 'b')), createArray(1, createObject('a', 'b')))",
        True,
    ),
    ("equals('a', 'A')", False),
    ("equals(createArray(1), createArray(true()))", False),
    (
        "extensionResourceId('/a/b', 'Microsoft.X/locks', 'l')",
        "/a/b/providers/Microsoft.X/locks/l",
    ),
    ("if(true(), 'a', fail('never asked'))", "a"),
    ("false()", False),
    (f"filter({DOGS}, lambda('d', greater(lambdaVariables('d').a, 5)))[0].n", "Kira"),
    ("filter(createArray(5, 6, 7), lambda('x', 'i', equals(lambdaVariables('i'), 1)))", [6]),
    (f"first({THREE})", "one"),
    ("first(createArray())", None),
    ("first('')", ""),
    ("flatten(createArray(createArray(1, 2), createArray(createArray(3))))", [1, 2, [3]]),
    ("float('1.5')", 1.5),
    ("float(2)", 2.0),
    (
        "format('{0}, {1}. Number: {2:N0}', 'Hello', 'User', 8175133)",
        "Hello, User. Number: 8,175,133",
    ),
    ("format('{{{0:D3}}}|{1,4}|{1,-4}|', 7, 'ab')", "{007}|  ab|ab  |"),
    (
        "format('{0:X}|{0:x4}|{0:F1}|{0:P0}|{0:E2}|{0:G}', 255)",
        "FF|00ff|255.0|25,500 %|2.55E+002|255",
    ),
    ("format('{0:0000}|{0:#,##0.0#}|{1:0;(0)}|{2}', 1234, -5, true())", "1234|1,234.0|(5)|True"),
    (
        "format('>{0}<>{1}<', createObject('a', 'b', '!c', null()), createArray(true(), 1, 'a'))",
        ">{'a':'b','!c':null}<>[true,1,'a']<",
    ),
    ("format('{0}', createArray('it''s \"\\\\'))", "['it\\'s \"\\\\\\\\']"),
    ("format('{0:C}|{0:R}', -5)", "(¤5.00)|-5"),
    ("format('{0:abc0.#%}', 1)", "abc100%"),
    ("format('{0:yyyy}|{1:0;;none}', 'a', 0)", "a|none"),
    ("greater(2, 1)", True),
    ("greater('a', 'b')", False),
    ("greaterOrEquals(1, 1)", True),
    (
        "groupBy(createArray('foo', 'bar', 'baz'), lambda('x', "
        "substring(lambdaVariables('x'), 0, 1)))",
        {"b": ["bar", "baz"], "f": ["foo"]},
    ),
    ("guid('a', 'b')", "2d796349-8c7e-55ec-9624-54ece82ed031"),
    ("indexFromEnd(createArray(1, 2, 3), 1)", 3),
    ("indexOf('abcdef', 'CD')", 2),
    ("indexOf('abc', 'z')", -1),
    (f"indexOf({THREE}, 'three')", 2),
    ("indexOf(createArray(), 1)", -1),
    ("int(' 42 ')", 42),
    ("int(json('2.5'))", 2),
    ("int(7)", 7),
    ("intersection(createArray(3, 1, 2, 1), createArray(1, 3))", [3, 1]),
    (
        "intersection(createObject('a', 1, 'b', 2), createObject('B', 2, 'a', 9))",
        {"b": 2},
    ),
    (
        "items(createObject('b', 1, 'a', 2))",
        [{"key": "a", "value": 2}, {"key": "b", "value": 1}],
    ),
    (
        'objectKeys(json(\'{"B": 1, "1": 1, "A": 1, "b": 1, "a": 1}\'))',
        ["1", "a", "A", "b", "B"],
    ),
    ("join(createArray('a', 1, true()), '-')", "a-1-True"),
    ("json('null')", None),
    (
        "json('{a: [1, 2,], \"b\": ''it\\''s \"'', /* c */ \"d\": 1.5} // e')",
        {"a": [1, 2], "b": "it's \"", "d": 1.5},
    ),
    ("json('\"test\"')", "test"),
    ("json('123456789012345678901')", 123456789012345678901.0),
    ("lambdaVariables('outer')", 1),
    (f"last({THREE})", "three"),
    ("last('abc')", "c"),
    ("last(createArray())", None),
    ("lastIndexOf('test', 'T')", 3),
    ("lastIndexOf(createArray(1, 2, 1), 1)", 2),
    ("lastIndexOf(createArray(1), 2)", -1),
    ("lastIndexOf('', '')", 0),
    ("length('abc')", 3),
    ("length(createObject('a', 1))", 1),
    ("like('abc', 'ABC')", True),
    ("like('abc', 'ab')", False),
    ("like('abcdef', 'a*C*')", True),
    ("like('abcdef', '*bc*ef')", True),
    ("like('abcdef', '*ef*bc*')", False),
    ("like('aba', 'ab*ba')", False),
    ("like('', '*')", True),
    ("like('a', '')", False),
    ("less(1, 2)", True),
    ("lessOrEquals('a', 'a')", True),
    ("listKeys('/a', '2023-01-01')", {"asked": "listKeys", "of": "/a"}),
    ("listAccountSas('/a', '2023-01-01', createObject())['asked']", "listAccountSas"),
    (f"map({DOGS}, lambda('d', lambdaVariables('D').n))", ["Evie", "Kira"]),
    ("map(createArray(5, 5), lambda('x', 'i', lambdaVariables('i')))", [0, 1]),
    (
        "map(range(0, 2), lambda('a', map(range(0, 2), lambda('b', "
        "add(lambdaVariables('a'), lambdaVariables('b'))))))",
        [[0, 1], [1, 2]],
    ),
    ("mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))", {"a": 2}),
    ("max(1, 3, 2)", 3),
    ("max(createArray(4, 5))", 5),
    ("min(createArray(4, 5))", 4),
    ("min(7)", 7),
    ("mod(7, 3)", 1),
    ("mod(-7, 3)", -1),
    ("mul(3, -4)", -12),
    ("newGuid()", "99999999-0000-4000-8000-000000000000"),
    ("not(false())", True),
    ("null()", None),
    ("objectKeys(createObject('b', 1, 'A', 2))", ["A", "b"]),
    ("or(false(), true(), fail('never asked'))", True),
    ("padLeft('123', 10, '0')", "0000000123"),
    ("padLeft(100, 5)", "  100"),
    ("padLeft('123', 2)", "123"),
    ("parameters('P')", "p"),
    (
        "parseCidr('10.144.0.0/20')",
        {
            "network": "10.144.0.0",
            "netmask": "255.255.240.0",
            "broadcast": "10.144.15.255",
            "firstUsable": "10.144.0.1",
            "lastUsable": "10.144.15.254",
            "cidr": 20,
        },
    ),
    (
        "parseCidr('fdad:3236:5555::/48')",
        {
            "network": "fdad:3236:5555::",
            "netmask": "ffff:ffff:ffff::",
            "firstUsable": "fdad:3236:5555::",
            "lastUsable": "fdad:3236:5555:ffff:ffff:ffff:ffff:ffff",
            "cidr": 48,
        },
    ),
    ("pickZones('Microsoft.Compute', 'virtualMachines', 'westeurope', 2, 1)", ["2", "3"]),
    ("providers('Microsoft.Web', 'sites').resourceType", "sites"),
    ("range(5, 3)", [5, 6, 7]),
    ("range(0, 0)", []),
    (
        "reduce(range(0, 5), 0, lambda('a', 'b', add(lambdaVariables('a'), "
        "lambdaVariables('b'))))",
        10,
    ),
    ("reduce(createArray(7, 7), 0, lambda('a', 'b', 'i', lambdaVariables('i')))", 1),
    ("reference('/a', '2023-01-01').a", 1),
    ("reference('/a', '2023-01-01', 'Full').location", "westeurope"),
    ("references('loop')[1].at", 1),
    ("replace('123-123-1234', '-', '')", "1231231234"),
    ("resourceGroup().name", "one"),
    (f"resourceId('{VM}', 'a')", f"{GROUP}/providers/{VM}/a"),
    (
        f"resourceId('g', '{VM}', 'a')",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/{VM}/a",
    ),
    (
        f"resourceId('s', 'g', '{VM}/extensions', 'a', 'b')",
        f"/subscriptions/s/resourceGroups/g/providers/{VM}/a/extensions/b",
    ),
    (
        f"managementGroupResourceId('m', '{VM}', 'a')",
        f"/providers/Microsoft.Management/managementGroups/m/providers/{VM}/a",
    ),
    (
        "shallowMerge(createArray(createObject('a', createObject('x', 1)), "
        "createObject('A', createObject('y', 2)), null()))",
        {"a": {"y": 2}},
    ),
    ("skip('one two', 4)", "two"),
    ("skip(createArray(1, 2), 5)", []),
    ("skip('one', -1)", "one"),
    (
        "sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), "
        "lambdaVariables('b'))))",
        [1, 2, 3],
    ),
    (
        "sort(createArray(1, 1), lambda('a', 'b', less(lambdaVariables('a'), "
        "lambdaVariables('b'))))",
        [1, 1],
    ),
    ("split('a;b,c', createArray(';', ','))", ["a", "b", "c"]),
    ("split('a', '')", ["a"]),
    ("split('a,,b', ',')", ["a", "", "b"]),
    ("startsWith('abcdef', 'AB')", True),
    (
        "string(createObject('a', true(), 'b', createArray(1, 'é', null())))",
        '{"a":true,"b":[1,"é",null]}',
    ),
    ("string(false())", "False"),
    ("string(null())", ""),
    ("sub(1, 2)", -1),
    ("subscription().subscriptionId", SUBSCRIPTION),
    (
        "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/r",
    ),
    ("substring('one two', 4, 3)", "two"),
    ("substring('one', 3)", ""),
    ("take('one two', 3)", "one"),
    ("take(createArray(1, 2), -1)", []),
    ("tenant().tenantId", "t"),
    ("tenantResourceId('Microsoft.X/y', 'z')", "/providers/Microsoft.X/y/z"),
    ("toLower('ONE İ')", "one İ"),
    (
        f"toObject({DOGS}, lambda('d', lambdaVariables('d').n), lambda('d', "
        "lambdaVariables('d').a))",
        {"Evie": 5, "Kira": 8},
    ),
    ("toObject(createArray('a', 'A'), lambda('x', lambdaVariables('x')))", {"a": "A"}),
    ("toUpper('one ß')", "ONE ß"),
    ("trim('  a b ')", "a b"),
    ("true()", True),
    ("tryGet(createObject('a', createArray(createObject('B', 5))), 'A', 0, 'b')", 5),
    ("tryGet(createObject('a', 1), 'b', 'c')", None),
    ("tryGet(createArray(1), 3)", None),
    ("tryIndexFromEnd(createArray(1, 2, 3), 2)", 2),
    ("tryIndexFromEnd(createArray(1), 2)", None),
    ("tryIndexFromEnd(null(), 2)", None),
    ("union(createArray(createArray(1, 2)), createArray(createArray(1, 2), 1))", [[1, 2], 1]),
    ("union(createArray(createObject('a', 1)), createArray(createObject('a', 1)))", [{"a": 1}]),
    ("union(createArray(2, 1, 2), createArray(3, 1))", [2, 1, 3]),
    (
        'union(json(\'{"a": {"x": 1, "l": [1]}, "b": 1}\'), json(\'{"A": {"y": 2, "l": [3]}}\'))',
        {"a": {"x": 1, "l": [3], "y": 2}, "b": 1},
    ),
    ("uniqueString('asd', 'asdf', 'asdf')", "iizpqit7ih3cc"),
    ("uri('http://contoso.org/firstpath', 'myscript.sh')", "http://contoso.org/myscript.sh"),
    (
        "uri('http://contoso.org/firstpath/', 'nested/a.sh')",
        "http://contoso.org/firstpath/nested/a.sh",
    ),
    ("uri('http://contoso.org', '')", "http://contoso.org/"),
    ("uriComponent('http://a.org/b c?ü')", "http%3A%2F%2Fa.org%2Fb%20c%3F%C3%BC"),
    ("uriComponentToString('http%3A%2F%2Fa.org%2Fb%20c')", "http://a.org/b c"),
    ("utcNow()", "20260102T150405Z"),
    ("utcNow('d')", "01/02/2026"),
    ("utcNow('M d')", "1 2"),
    ("utcNow('o')", "2026-01-02T15:04:05.6789010Z"),
    ("utcNow('u')", "2026-01-02 15:04:05Z"),
    ("utcNow('R')", "Fri, 02 Jan 2026 15:04:05 GMT"),
    ("utcNow('')", "01/02/2026 15:04:05"),
    (
        "utcNow('yy MMM dddd hh t ff FF zzz %K ''at'' \"on\" \\y g')",
        "26 Jan Friday 03 P 67 67 +00:00 Z at on y A.D.",
    ),
    ("variables('V')", "v"),
]

# expression, a part of what is said
BAD: list[tuple[str, str]] = [
    ("add(9223372036854775807, 1)", "too large for a 64-bit integer"),
    ("add('a', 1)", "'add' expects its first parameter to be of type 'Integer'."),
    ("and(true(), 'a')", "The provided value is of type 'String'."),
    ("and(true())", "function requires at least 2 argument(s) while 1 were provided."),
    (
        "array()",
        "Unable to evaluate template language function 'array': function requires 1 "
        "argument(s) while 0 were provided.",
    ),
    (
        "base64(100)",
        "The template language function 'base64' expects its parameter to be of type "
        "'String'. The provided value is of type 'Integer'.",
    ),
    ("base64ToJson(base64('{'))", "'base64ToJson' parameter is not valid."),
    (
        "base64ToString('abc@')",
        "The template language function 'base64ToString' was invoked with a parameter "
        "that is not valid. The value cannot be decoded from base64 representation.",
    ),
    (
        "base64ToString(100)",
        "The template language function 'base64ToString' expects its parameter to be a "
        "string. The provided value is of type 'Integer'.",
    ),
    (
        "bool('sdf')",
        "The template language function 'bool' was invoked with a parameter that is not "
        "valid. The value cannot be converted to the target type.",
    ),
    ("cidrHost('10.0.0.0/30', 2)", "The index '2' must be from '0' to '1'"),
    ("cidrSubnet('10.0.0.0/20', 16, 0)", "The new CIDR '16' must be from '20' to '32'."),
    ("cidrSubnet('10.0.0.0/20', 21, 2)", "The index '2' must be from '0' to '1'"),
    ("coalesce()", "at least 1 argument(s)"),
    (
        "concat(createArray('a'), 200)",
        "The provided parameters for language function 'concat' are invalid. Either all "
        "or none of the parameters must be an array.",
    ),
    ("concat(createObject())", "An object can't be a part of a string."),
    ("contains(1, 2)", "The provided value is of type 'Integer'."),
    (
        "contains('a', createObject())",
        "expects its second parameter to be of type 'String' or 'Integer'.",
    ),
    ("copyIndex('third')", "The loop 'third' is not found here."),
    ("copyIndex('loop', 'a')", "The provided value is of type 'String'."),
    ("copyIndex(1, 2)", "must be the name of a loop"),
    (
        "createArray(lambda('x', 1))",
        "The template function 'lambda' is not expected at this location.",
    ),
    ("createObject('a')", "The number of arguments must be even"),
    ("createObject(1, 2)", "to be of type 'String'"),
    ("dataUri()", "requires 1 argument(s)"),
    (
        "dataUriToString('Hi 0!')",
        "The template language function 'dataUriToString' expects its parameter to be "
        "formatted as a valid data URI. The provided value 'Hi 0!' was not formatted "
        "correctly.",
    ),
    ("dataUriToString('data:;foo=bar;base64,R0lGODdh')", "was not formatted correctly."),
    (
        "dataUriToString('data:;charset=x;base64,R0lGODdh')",
        "The provided charset 'x' is not supported.",
    ),
    (
        "dateTimeAdd('2020-04-07T14:53:14Z', 'PTASDIONS1D')",
        "The template function 'dateTimeAdd' has an invalid parameter. The second "
        "parameter 'PTASDIONS1D' is not a valid ISO8601 Duration string.",
    ),
    ("dateTimeAdd('2020-04-07T14:53:14Z', 'P9000Y')", "outside the years"),
    ("dateTimeAdd('2020-04-07T14:53:14Z', 'P9999999Y9999999M999999999D')", "not a valid ISO8601"),
    (
        "dateTimeAdd('2020-04-07T14:53:14Z', 'PT1H', 'Q')",
        "The format 'Q' is not a valid DateTime format.",
    ),
    ("dateTimeAdd('13/13/2020 1:00 AM', 'PT1H')", "is not a valid DateTime string."),
    ("dateTimeAdd('1/1/2020 13:00 PM', 'PT1H')", "is not a valid DateTime string."),
    ("dateTimeFromEpoch(9223372036854775807)", "outside the years"),
    (
        "dateTimeToEpoch('yesterday')",
        "The first parameter 'yesterday' is not a valid DateTime string.",
    ),
    ("deployer(1)", "requires 0 argument(s)"),
    ("deployment('a')", "requires 0 argument(s)"),
    ("div(1, 0)", "must not be zero"),
    ("div(-9223372036854775808, -1)", "too large"),
    (
        "empty(100)",
        "'empty' expects its parameter to be an object, an array, or a string. The "
        "provided value is of type 'Integer'.",
    ),
    (
        "endsWith('a', 1)",
        "expects its parameters to be of type string and string. The provided value is "
        "of type 'String' and 'Integer'.",
    ),
    (
        "environment().nothing",
        "The language expression property 'nothing' doesn't exist, available properties "
        "are 'name'.",
    ),
    ("equals(1)", "requires 2 argument(s)"),
    ("extensionResourceId('/a', 'Microsoft.X/y', 1)", "of type 'String'"),
    ("fail('out of luck')", "out of luck"),
    ("false(1)", "requires 0 argument(s)"),
    ("filter('a', lambda('x', true()))", "of type 'Array'"),
    (
        "filter(createArray(1), lambda('x', 1))",
        "expects its lambda's result parameter to be of type 'Boolean'",
    ),
    ("filter(createArray(1), true())", "must be a lambda expression"),
    ("filter(createArray(1), lambda(true()))", "must have 1 to 2 variable(s), and has 0."),
    (
        "first(100)",
        "The template language function 'first' expects its parameter be an array or a "
        "string. The provided value is of type 'Integer'.",
    ),
    ("flatten(createArray(1))", "of type 'Array'"),
    ("float('a')", "'float' cannot convert provided value 'a' to a number."),
    ("float('1e999')", "to a number."),
    (
        "format('->{123}<-', 123)",
        "Unable to evaluate language function 'format': the format is invalid: 'Index "
        "(zero based) must be greater than or equal to zero and less than the size of "
        "the argument list.'.",
    ),
    ("format('{', 1)", "the format is invalid: 'Input string was not in a correct format.'."),
    ("format('{0,99999}', 1)", "Input string was not in a correct format."),
    (f"format('{{0:0.{'0' * 600}}}', 1)", "Format specifier was invalid."),
    ("format('{0:Q}', 1)", "Format specifier was invalid."),
    ("format('{0:D}', json('1.5'))", "Format specifier was invalid."),
    (
        "greater(1, 'a')",
        "The template language function 'greater' expects two parameters of matching "
        "types. The function was invoked with values of type 'Integer' and 'String' that "
        "do not match.",
    ),
    ("greaterOrEquals(true(), 1)", "of type 'Boolean'"),
    ("groupBy(createArray(1), lambda('x', 1))", "to be of type 'String'"),
    ("guid(createObject())", "of type 'Object'"),
    ("if('a', 1, 2)", "to be of type 'Boolean'"),
    ("indexFromEnd(createArray(1), 2)", "is out of bounds"),
    (
        "indexOf(100, 200)",
        "The template language function 'indexOf' expects its parameters to be of type "
        "string and string. The provided value is of type 'Integer' and 'Integer'.",
    ),
    (
        "int('asdf')",
        "The template language function 'int' cannot convert provided value 'asdf' to "
        "integer value. Please see https://aka.ms/arm-function-int for usage details.",
    ),
    ("int(true())", "'Boolean'"),
    ("int('9223372036854775808')", "too large"),
    (
        "intersection(createArray(1), createObject())",
        "The provided values are of type 'Array, Object'.",
    ),
    ("items('a')", "of type 'Object'"),
    ("like('a', 1)", "of type string and string."),
    ("join('a', 'b')", "of type 'Array'"),
    (
        "json('{')",
        "The template language function 'json' parameter is not valid. The provided "
        "value '{' cannot be converted to JSON.",
    ),
    ("json('NaN')", "cannot be converted to JSON."),
    ("json('\"a')", "cannot be converted to JSON."),
    ("lambda('x', 1)", "The template function 'lambda' is not expected at this location."),
    ("map(createArray(1), lambda('x', lambda('y', 1)))", "'lambda' is not expected at this"),
    ("parameters('p')[lambda('x', 1)]", "'lambda' is not expected at this location."),
    ("parameters('p')[createArray()]", "property 'Array' can't be evaluated"),
    ("reduce(createArray(1), lambda('x', 1), lambda('x', 'y', 1))", "must not be a lambda"),
    ("map(createArray(1), lambda(1, 2))", "must be string literals"),
    ("map(createArray(1), lambda('x', 'X', 2))", "must differ"),
    ("lambdaVariables('x')", "The lambda variable 'x' is not found."),
    ("last(100)", "expects its parameter be an array or a string."),
    ("lastIndexOf(createArray('a'), 1, 2)", "requires 2 argument(s)"),
    ("lastIndexOf('a', 1)", "of type string and string"),
    ("length(100)", "The provided value is of type 'Integer'."),
    (
        "less(1, 'a')",
        "The function was invoked with values of type 'Integer' and 'String' that do not match.",
    ),
    ("lessOrEquals(null(), 1)", "of type 'Null'"),
    ("listKeys('/a')", "requires between 2 and 3 argument(s)"),
    ("list('/a')", "requires between 2 and 3 argument(s)"),
    ("managementGroup()", "not expected here"),
    (f"managementGroupResourceId('{VM}', 'a')", "not expected here"),
    (
        "map(createArray(1), lambda('x', lambdaVariables('y')))",
        "The lambda variable 'y' is not found.",
    ),
    ("mapValues(createArray(1), lambda('x', 1))", "of type 'Object'"),
    ("max(createArray())", "The array has no elements."),
    ("min(1, 'a')", "of type 'Integer'"),
    ("mod(1, 0)", "must not be zero"),
    ("mul(9223372036854775807, 2)", "too large"),
    ("newGuid('a')", "requires 0 argument(s)"),
    ("not(1)", "of type 'Boolean'"),
    ("null(1)", "requires 0 argument(s)"),
    ("objectKeys(1)", "of type 'Object'"),
    ("or(false(), 1)", "of type 'Boolean'"),
    (
        "padLeft('123', -1, '0')",
        "Unable to evaluate template language function 'padLeft': the second parameter "
        "is invalid. Total width must be a positive integer value and not greater than "
        "'16', while '-1' was provided. The syntax is padLeft(string, totalWidth [, "
        "paddingChar]).",
    ),
    (
        "padLeft(10, 15, 30)",
        "The padding character must be a string type, while 'Integer' was provided.",
    ),
    (
        "padLeft(10, 15, 'abc')",
        "The padding character must be a single character, while 'abc' was provided.",
    ),
    ("parameters('nothing')", "The template parameter 'nothing' is not found."),
    ("parseCidr('10.0.0.0')", "is not a valid network in CIDR."),
    ("parseCidr('10.0.0.0/33')", "is not a valid network in CIDR."),
    ("pickZones('a', 'b', 'c', 'd')", "of type 'Integer'"),
    ("providers(1)", "of type 'String'"),
    ("range(0, 10001)", "The count '10001'"),
    ("range(2147483647, 1)", "must not be larger"),
    ("reduce(createArray(1), 0, lambda('x', 1))", "must have 2 to 3 variable(s), and has 1."),
    ("reference('/a', '2023-01-01', 'Half')", "The third argument must be 'Full', not 'Half'."),
    ("references(1)", "of type 'String'"),
    ("replace('a', '', 'b')", "cannot be empty"),
    ("resourceGroup('a')", "requires 0 argument(s)"),
    (
        f"resourceId('{VM}', 'a', 'b')",
        f"Unable to evaluate template language function 'resourceId': the type '{VM}' "
        "requires '1' resource name argument(s). Please see "
        "https://aka.ms/arm-resource-functions/#resourceid for usage details.",
    ),
    (
        "resourceId('a', 'b')",
        "function requires exactly one multi-segmented argument which must be resource "
        "type including resource provider namespace. Current function arguments 'a,b'.",
    ),
    (f"resourceId('a', 'b', 'c', '{VM}', 'd')", "exactly one multi-segmented argument"),
    ("shallowMerge(createArray(1))", "of type 'Object'"),
    ("skip(1, 1)", "be an array or a string"),
    (
        "sort(createArray('c', 'd'), lambda('a', 'b', add(lambdaVariables('a'), 1)))",
        "'add' expects its first parameter",
    ),
    (
        "split(100, ',')",
        "The template language function 'split' expects its first parameter to be of "
        "type 'String'. The provided value is of type 'Integer'.",
    ),
    (
        "split('a', 100)",
        "The template language function 'split' expects its second parameter to be of "
        "type 'String or Array of Strings'. The provided value is of type 'Integer'.",
    ),
    ("startsWith(createArray(), 'a')", "of type 'Array' and 'String'"),
    ("string()", "requires 1 argument(s)"),
    ("sub(1)", "requires 2 argument(s)"),
    ("subscription().nothing", "doesn't exist"),
    ("subscriptionResourceId('a', 'b')", "multi-segmented"),
    (
        "substring('one two three', -1, 3)",
        "Unable to evaluate the template language function 'substring'. The index "
        "parameter cannot be less than zero. The index: '-1'.",
    ),
    (
        "substring('one', 0, -1)",
        "The length parameter cannot be less than zero. The length: '-1'.",
    ),
    (
        "substring('abc', 0, 23)",
        "The index and length parameters must refer to a location within the string. The "
        "index parameter: '0', the length parameter: '23', the length of the string "
        "parameter: '3'.",
    ),
    ("take('a', 'b')", "of type 'Integer'"),
    ("tenant(1)", "requires 0 argument(s)"),
    ("tenantResourceId('Microsoft.X/y/z', 'a')", "requires '2' resource name argument(s)"),
    ("toLower(1)", "of type 'String'"),
    (
        "toObject(createArray(1))",
        "Unable to evaluate template language function 'toObject': function requires "
        "between 2 and 3 argument(s) while 1 were provided. Please see "
        "https://aka.ms/arm-resource-functions/#toObject for usage details.",
    ),
    ("toUpper(createArray())", "of type 'Array'"),
    ("trim(1)", "of type 'String'"),
    ("true('a')", "requires 0 argument(s)"),
    ("tryGet('a', 'b')", "of type 'Object'"),
    ("tryIndexFromEnd(createArray(1), 'a')", "of type 'Integer'"),
    ("union(createArray(1), 1)", "The provided values are of type 'Array, Integer'."),
    ("uniqueString(1)", "of type 'String'"),
    (
        "uri('github.com', 'Azure/bicep')",
        "The template language function 'uri' expects its first argument to be a uri "
        "string. The provided value is 'github.com'.",
    ),
    ("uri('http://[1', 'a')", "expects its first argument to be a uri string"),
    ("uriComponent(1)", "of type 'String'"),
    ("uriComponentToString(1)", "of type 'String'"),
    ("utcNow(1)", "of type 'String'"),
    ("variables(1)", "of type 'String'"),
    ("loadFileAsBase64('a')", "The template function 'loadFileAsBase64' is not valid."),
    ("getSecret('a')", "The template function 'getSecret' is not valid."),
]


def _outermost(expression: str) -> str:
    """Return the name of the function that an expression is about."""
    node: Node = parse(f"[{expression}]")
    while isinstance(node, Member):
        node = node.of
    assert isinstance(node, Call)
    return functions.find(node.name).name


def _scope(expression: str) -> Any:
    place = "parameter" if expression.startswith(("utcNow", "newGuid")) else "body"
    scope = a_scope(parameters={"p": "p"}, variables={"v": "v"}, place=place)
    return scope.repeating("Loop", 2).looping("Other", 1).inside({"outer": 1})


@pytest.mark.parametrize(("expression", "expected"), GOOD)
def test_a_function_gives(expression: str, expected: Any):
    found = evaluated(expression, _scope(expression))

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("expression", "said"), BAD)
def test_a_function_refuses(expression: str, said: str):
    with pytest.raises(TemplateError) as refused:
        evaluated(expression, _scope(expression))

    assert said in refused.value.message


def test_every_function_is_seen_to_give_and_to_refuse():
    named = set(functions.names())
    gives = {_outermost(expression) for expression, _ in GOOD}
    refuses = {
        _outermost(expression)
        for expression, _ in BAD
        if not expression.startswith(("loadFile", "getSecret"))
    }

    spared = {"list*"}
    assert named - gives - spared - {"fail", "lambda", "managementGroup"} == set()
    assert named - refuses - spared == set()


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("utcNow()", "variable"),
        ("newGuid()", "body"),
        ("reference('a')", "resource"),
        ("references('a')", "variable"),
        ("listKeys('a', '2023-01-01')", "parameter"),
    ],
)
def test_a_function_with_a_place_is_refused_elsewhere(expression: str, place: str):
    with pytest.raises(TemplateError, match="is not expected at this location"):
        evaluated(expression, a_scope(place=place))


def test_a_loop_s_index_needs_a_loop():
    with pytest.raises(TemplateError, match="can only be used in a resource with copy"):
        evaluated("copyIndex()")


def test_what_is_not_there_yet_is_said_to_be_later():
    with pytest.raises(NotYet):
        evaluated("concat('a', reference('later').b)")


def test_half_a_character_is_replaced_before_it_is_hashed_or_encoded():
    scope = a_scope(parameters={"half": "\ud800"})

    assert evaluated("base64(parameters('half'))", scope) == evaluated("base64('\ufffd')")
    assert evaluated("uniqueString(parameters('half'))", scope)
    assert evaluated("guid(parameters('half'))", scope) == evaluated("guid('\ufffd')")
    assert evaluated("uriComponent(parameters('half'))", scope) == "%EF%BF%BD"


# What would take too much

LARGE = "x" * (3 * 1024 * 1024)


@pytest.mark.parametrize(
    "expression",
    [
        "concat(parameters('large'), parameters('large'))",
        "join(createArray(parameters('large'), parameters('large')), '')",
        "join(range(0, 10000), take(parameters('large'), 1000))",
        "replace(parameters('large'), 'x', 'yy')",
        "base64(base64(parameters('large')))",
        "createArray(parameters('large'), parameters('large'))",
        "map(range(0, 100), lambda('i', concat(parameters('large'), "
        "string(lambdaVariables('i')))))",
        "format(concat('{0,4096}{0,4096}', replace(take(parameters('large'), 2000), 'x', "
        "'{0,4096}')), 1)",
        "split(parameters('large'), 'x')",
    ],
)
def test_a_value_too_large_is_refused(expression: str):
    with pytest.raises(TemplateError, match="exceeds the limit of '4194304' characters"):
        evaluated(expression, a_scope(parameters={"large": LARGE}))


def test_values_that_double_are_refused_before_they_fill_the_memory():
    doubled = {
        f"v{at}": f"[createArray(variables('v{at + 1}'), variables('v{at + 1}'))]"
        for at in range(40)
    }

    with pytest.raises(TemplateError, match="exceeds the limit"):
        evaluated("variables('v0')", a_scope(variables=doubled | {"v40": "x"}))


def test_a_value_of_many_parts_is_measured_and_taken():
    parts: list[Any] = [[at] for at in range(30_000)]

    assert evaluated("length(createArray(parameters('p')))", a_scope(parameters={"p": parts})) == 1


def test_work_without_end_is_refused():
    nested = "map(range(0, 10000), lambda('a', map(range(0, 10000), lambda('b', 1))))"

    with pytest.raises(TemplateError, match="takes too long"):
        evaluated(nested)


@pytest.mark.parametrize(
    "expression",
    [
        "reduce(range(0, 10000), 1, lambda('a', 'b', createArray(lambdaVariables('a'))))",
        "json(concat(replace(padLeft('', 16), ' ', replace(padLeft('', 16), ' ', '[[[['))))",
        f"json('{'[' * 5000}{']' * 5000}')",
        f"json('{'[' * 200}{']' * 200}')",
    ],
)
def test_a_value_too_deep_is_refused(expression: str):
    with pytest.raises(TemplateError, match=r"nested too deep|cannot be converted to JSON"):
        evaluated(expression)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('"' + '\\"' * 100_000, id="quotes that never close"),
        pytest.param("a" * 1_000_000, id="a long word"),
        pytest.param("/*" * 500_000, id="comments that never close"),
        pytest.param("'" * 999_999, id="single quotes"),
        pytest.param("[" + ", " * 300_000, id="commas"),
    ],
)
def test_text_that_is_no_json_is_refused_at_once(text: str):
    with pytest.raises(TemplateError, match="cannot be converted to JSON"):
        evaluated("json(parameters('text'))", a_scope(parameters={"text": text}))
