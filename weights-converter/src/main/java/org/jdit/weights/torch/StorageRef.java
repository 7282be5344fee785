package org.jdit.weights.torch;

import java.util.List;
import org.jdit.tensor.JditException;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Global;
import org.jdit.weights.pickle.PickleValue.Persistent;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.pickle.PickleValue.Sequence;

/**
 * How a pickle refers to a storage: {@code ('storage', type, key, device, numel)}.
 *
 * @param key its name in the file
 * @param type the type of its elements
 * @param numel how many elements it has
 */
record StorageRef(String key, StorageType type, long numel) {
  /** Length of the storage in the file. */
  long bytes() {
    return numel * type.bytes();
  }

  static StorageRef of(Persistent reference, String source) {
    if (reference.id() instanceof Sequence id && id.items().size() >= 5) {
      List<PickleValue> at = id.items();
      if (at.get(0) instanceof Scalar(String kind)
          && kind.equals("storage")
          && at.get(1) instanceof Global type
          && at.get(2) instanceof Scalar(String key)
          && at.get(4) instanceof Scalar(Long numel)) {
        StorageType storageType =
            StorageType.named(type)
                .orElseThrow(
                    () -> new JditException(source + " has an unknown storage type " + type));
        if (numel < 0 || numel > Long.MAX_VALUE / storageType.bytes()) {
          throw new JditException(source + " has a storage of impossible size " + numel);
        }
        if (at.size() > 5 && !PickleValue.NONE.equals(at.get(5))) {
          throw new JditException(
              source
                  + " has views of storages as torch before 0.4 wrote them; load it and save it"
                  + " again with a later torch");
        }
        return new StorageRef(key, storageType, numel);
      }
    }
    throw new JditException(source + " refers to something that is no torch storage");
  }
}
