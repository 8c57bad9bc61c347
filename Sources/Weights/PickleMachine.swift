import Basics
import Foundation

/// What a pickle may hold besides plain data.
enum PickleContent {
  /// PyTorch's tensors.
  case tensors
  /// The modules of a TorchScript archive: a class is a name, an object its attributes.
  case script
  /// NumPy's arrays and numbers.
  case arrays

  var wanted: String { self == .arrays ? "only numbers, texts and NumPy arrays" : "only plain tensors" }
  var remedy: String { self == .arrays ? NumpyNames.remedy : PickleNames.remedy }
}

/// A pickle machine that can build plain data, tensors and arrays, and nothing else.
///
/// It knows no classes: a name is data, compared with a short list (``PickleNames``, ``NumpyNames``).
/// Anything else ends the reading.
/// - Source: the opcodes of CPython's `pickletools`; protocol 2, and those of 3 to 5 that plain data may
///   contain.
struct PickleMachine {
  private(set) var heap = PickleHeap()
  private var cursor: ByteCursor
  private var stack: [PickleValue] = []
  /// Heights of the stack at which marks lie.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  /// Descriptions of networks need a few hundred thousand operations; more than this is an attack on memory.
  private static let maximumOperations = 1 << 24
  private let content: PickleContent

  private init(_ cursor: ByteCursor, _ content: PickleContent) {
    self.cursor = cursor
    self.content = content
  }

  /// Runs one pickle; the cursor ends up behind its STOP.
  /// - Throws: ``IeumError`` (data) naming the byte, for a damaged pickle or one that asks for more than
  ///   its content may have.
  static func run(
    _ cursor: inout ByteCursor, _ content: PickleContent = .tensors
  ) throws -> (value: PickleValue, heap: PickleHeap) {
    var machine = PickleMachine(cursor, content)
    for _ in 0..<maximumOperations {
      if let value = try machine.step() {
        cursor = machine.cursor
        return (value, machine.heap)
      }
    }
    throw machine.cursor.fault("describes more values than any network has", remedy: content.remedy)
  }

  /// One operation; a value only for STOP.
  private mutating func step() throws -> PickleValue? {
    let operation = try cursor.byte()
    switch operation {
    case UInt8(ascii: "."): return try pop()
    case 0x80: try checkProtocol()
    case 0x95: _ = try cursor.take(8)  // FRAME: a hint for buffering
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"): try popOrMark()
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"): stack.append(try top())
    case UInt8(ascii: "N"), 0x88, 0x89, UInt8(ascii: "J"), UInt8(ascii: "K"), UInt8(ascii: "M"), 0x8a,
      UInt8(ascii: "G"), UInt8(ascii: "X"), 0x8c, 0x8d, UInt8(ascii: "U"), UInt8(ascii: "T"):
      stack.append(try scalar(operation))
    case UInt8(ascii: "]"), UInt8(ascii: ")"), UInt8(ascii: "}"), UInt8(ascii: "t"), UInt8(ascii: "l"),
      UInt8(ascii: "d"), 0x85, 0x86, 0x87:
      try build(operation)
    case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "s"), UInt8(ascii: "u"): try extend(operation)
    case UInt8(ascii: "q"), UInt8(ascii: "r"), UInt8(ascii: "h"), UInt8(ascii: "j"), 0x94:
      try remember(operation)
    case UInt8(ascii: "c"), 0x93: stack.append(try global(operation))
    case UInt8(ascii: "R"), UInt8(ascii: "b"), UInt8(ascii: "Q"): try construct(operation)
    case 0x81 where content == .script: try newModule(operation)
    case UInt8(ascii: "B"), UInt8(ascii: "C"), 0x8e, 0x96: stack.append(.bytes(try bytes(operation)))
    default: throw refusedOperation(operation)
    }
    return nil
  }

  private func refusedOperation(_ operation: UInt8) -> IeumError {
    let code = "0x" + String(operation, radix: 16)
    return cursor.fault(
      "uses the pickle operation \(code): \(content.wanted) are read; nothing was executed", remedy: content.remedy)
  }

  private mutating func checkProtocol() throws {
    let version = try cursor.byte()
    guard version <= 5 else { throw cursor.fault("is pickle protocol \(version); 5 is the highest known") }
  }

  // MARK: Stack

  private mutating func pop() throws -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw cursor.fault("is a damaged pickle (the stack is empty)")
    }
    return value
  }

  private func top() throws -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.last else {
      throw cursor.fault("is a damaged pickle (the stack is empty)")
    }
    return value
  }

  private mutating func popOrMark() throws {
    if let mark = marks.last, mark == stack.count {
      marks.removeLast()
    } else {
      _ = try pop()
    }
  }

  private mutating func popToMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw cursor.fault("is a damaged pickle (a mark is missing)") }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  // MARK: Scalars

  private mutating func scalar(_ operation: UInt8) throws -> PickleValue {
    switch operation {
    case 0x88: return .bool(true)
    case 0x89: return .bool(false)
    case UInt8(ascii: "J"): return .int(Int(Int32(bitPattern: try cursor.integer(UInt32.self))))
    case UInt8(ascii: "K"): return .int(Int(try cursor.byte()))
    case UInt8(ascii: "M"): return .int(Int(try cursor.integer(UInt16.self)))
    case 0x8a: return try long()
    case UInt8(ascii: "G"):
      return .double(Double(bitPattern: UInt64(try cursor.integer(UInt64.self)).byteSwapped))
    case UInt8(ascii: "X"): return .string(try cursor.text(Int(try cursor.integer(UInt32.self))))
    case 0x8c: return .string(try cursor.text(Int(try cursor.byte())))
    case UInt8(ascii: "T"): return try oldText(Int(try cursor.integer(UInt32.self)))
    case UInt8(ascii: "U"): return try oldText(Int(try cursor.byte()))
    case 0x8d:
      guard let length = Int(exactly: try cursor.integer(UInt64.self)) else {
        throw cursor.fault("is a damaged pickle (a text of impossible length)")
      }
      return .string(try cursor.text(length))
    default: return .none
    }
  }

  /// A text of Python 2, which may be the bytes of an array.
  private mutating func oldText(_ length: Int) throws -> PickleValue {
    guard content == .arrays else { return .string(try cursor.text(length)) }
    let bytes = try cursor.take(length)
    return String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .bytes(bytes)
  }

  private mutating func bytes(_ operation: UInt8) throws -> Data {
    guard content == .arrays else { throw refusedOperation(operation) }
    switch operation {
    case UInt8(ascii: "C"): return try cursor.take(Int(try cursor.byte()))
    case UInt8(ascii: "B"): return try cursor.take(Int(try cursor.integer(UInt32.self)))
    default:
      guard let length = Int(exactly: try cursor.integer(UInt64.self)) else {
        throw cursor.fault("is a damaged pickle (bytes of impossible length)")
      }
      return try cursor.take(length)
    }
  }

  private mutating func long() throws -> PickleValue {
    let bytes = [UInt8](try cursor.take(Int(try cursor.byte())))
    guard bytes.count <= 8 else { return .long(bytes) }
    var bits: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
    for byte in bytes.reversed() { bits = bits << 8 | UInt64(byte) }
    return .int(Int(Int64(bitPattern: bits)))
  }

  // MARK: Containers

  private mutating func build(_ operation: UInt8) throws {
    switch operation {
    case UInt8(ascii: "]"): stack.append(.list(heap.sequence([])))
    case UInt8(ascii: ")"): stack.append(.tuple(heap.sequence([])))
    case UInt8(ascii: "}"): stack.append(.dictionary(heap.dictionary()))
    case UInt8(ascii: "t"): stack.append(.tuple(heap.sequence(try popToMark())))
    case UInt8(ascii: "l"): stack.append(.list(heap.sequence(try popToMark())))
    case UInt8(ascii: "d"):
      let index = heap.dictionary()
      try insert(try popToMark(), into: .dictionary(index))
      stack.append(.dictionary(index))
    default:
      var items: [PickleValue] = []
      for _ in 0..<Int(operation - 0x84) { items.append(try pop()) }
      stack.append(.tuple(heap.sequence(items.reversed())))
    }
  }

  private mutating func extend(_ operation: UInt8) throws {
    let items: [PickleValue]
    switch operation {
    case UInt8(ascii: "a"): items = [try pop()]
    case UInt8(ascii: "s"):
      let value = try pop()
      items = [try pop(), value]
    default: items = try popToMark()
    }
    let target = try top()
    if operation == UInt8(ascii: "a") || operation == UInt8(ascii: "e") {
      guard case .list(let index) = target else {
        throw cursor.fault("is a damaged pickle (appends to no list)")
      }
      heap.sequences[index].append(contentsOf: items)
    } else {
      try insert(items, into: target)
    }
  }

  private mutating func insert(_ items: [PickleValue], into target: PickleValue) throws {
    guard case .dictionary(let index) = target, items.count % 2 == 0 else {
      throw cursor.fault("is a damaged pickle (sets items of no dict)")
    }
    for i in stride(from: 0, to: items.count, by: 2) {
      heap.dictionaries[index].append((items[i], items[i + 1]))
    }
  }

  private mutating func remember(_ operation: UInt8) throws {
    switch operation {
    case UInt8(ascii: "q"): memo[Int(try cursor.byte())] = try top()
    case UInt8(ascii: "r"): memo[Int(try cursor.integer(UInt32.self))] = try top()
    case 0x94: memo[memo.count] = try top()
    default:
      let key = operation == UInt8(ascii: "h") ? Int(try cursor.byte()) : Int(try cursor.integer(UInt32.self))
      guard let value = memo[key] else {
        throw cursor.fault("is a damaged pickle (recalls value \(key), never kept)")
      }
      stack.append(value)
    }
  }

  // MARK: Names and what they build

  private mutating func global(_ operation: UInt8) throws -> PickleValue {
    let name: String
    if operation == UInt8(ascii: "c") {
      let module = try cursor.line()
      name = module + "." + (try cursor.line())
    } else {
      guard case .string(let last) = try pop(), case .string(let module) = try pop() else {
        throw cursor.fault("is a damaged pickle (a name that is no text)")
      }
      name = module + "." + last
    }
    switch content {
    case .arrays: return .global(try NumpyNames.known(name, at: cursor))
    case .script where PickleNames.isScript(name): return .global(name)
    case .script, .tensors:
      try PickleNames.check(name, at: cursor)
      return .global(name)
    }
  }

  private mutating func construct(_ operation: UInt8) throws {
    switch operation {
    case UInt8(ascii: "Q"):
      guard content != .arrays else { throw refusedOperation(operation) }
      heap.storages.append(try PickleNames.storage(try pop(), heap, at: cursor))
      stack.append(.storage(heap.storages.count - 1))
    case UInt8(ascii: "b"):
      // A state dict carries `_metadata` as the state of its OrderedDict: versions of modules, not needed.
      let state = try pop()
      if content == .arrays, try NumpyNames.complete(try top(), state, &heap, at: cursor) { return }
      guard case .dictionary(let target) = try top() else { throw refusedOperation(operation) }
      if heap.modules.contains(target), case .dictionary(let source) = state, source != target {
        heap.dictionaries[target] += heap.dictionaries[source]
      }
    default:
      let arguments = try pop()
      guard case .global(let name) = try pop(), let items = heap.items(arguments) else {
        throw refusedOperation(operation)
      }
      stack.append(try call(name, items))
    }
  }

  private mutating func call(_ name: String, _ arguments: [PickleValue]) throws -> PickleValue {
    switch name {
    case PickleNames.orderedDict:
      let target = PickleValue.dictionary(heap.dictionary())
      for pair in arguments.first.flatMap({ heap.items($0) }) ?? [] {
        guard let pair = heap.items(pair), pair.count == 2 else {
          throw cursor.fault("is a damaged pickle (no pairs)")
        }
        try insert(pair, into: target)
      }
      return target
    case _ where content == .arrays: return try NumpyNames.call(name, arguments, &heap, at: cursor)
    case PickleNames.parameter:
      guard case .tensor? = arguments.first else {
        throw cursor.fault("is a damaged pickle (a parameter of no tensor)")
      }
      return arguments[0]
    case PickleNames.tensor:
      heap.tensors.append(try PickleNames.recipe(arguments, heap, at: cursor))
      return .tensor(heap.tensors.count - 1)
    // TorchScript's notes on the type of a container: the container is the first argument.
    case _ where name.hasPrefix(PickleNames.scriptContainers): return arguments.first ?? .none
    default: throw cursor.fault("calls \(name), which is no function", remedy: PickleNames.remedy)
    }
  }

  /// An object of a TorchScript class, without attributes yet.
  private mutating func newModule(_ operation: UInt8) throws {
    _ = try pop()
    guard case .global(let name) = try pop(), name.hasPrefix(PickleNames.scriptClasses) else {
      throw refusedOperation(operation)
    }
    let index = heap.dictionary()
    heap.modules.insert(index)
    stack.append(.dictionary(index))
  }
}
